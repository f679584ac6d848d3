"""Policies: what a plan must not do, written in Rego, tested over plan data.

A policy is a file `infrastructure/policies/<name>.rego` with the package `flowmart.<name>`; it says what is wrong
(`deny`) or worth knowing (`warn`) and nothing else. Which denial an override lifts is decided here, once, for
every policy. Nothing here asks the outside: the same plan, overrides and time give the same findings.

A policy that cannot be evaluated is an error, never a silent pass. That is why built-in errors are strict, and
why every policy is asked once, about an empty plan, when it is loaded.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from regopy import Bundle, Interpreter, LogLevel, Output, RegoError

from tasks.domain.errors import InvalidInput
from tasks.domain.plan import Plan
from tasks.domain.platform import Unit
from tasks.domain.rules import Override, Violation

LIMITS = "limits.yaml"

Purpose = Literal["promote", "rollback"]

# rego-cpp tells where as offset|length: `(error 12:policies.rego|52|2 (errormsg 24:Invalid boolean operator) ...`.
_PARSE_ERROR = re.compile(r"\(error \d+:[^|]*\|(\d+)\|\d+.*?\(errormsg \d+:([^)]*)\)", re.DOTALL)


class _Caps(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    deletions: int = Field(default=5, ge=0)


class _Changed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    deletions: int | None = Field(default=None, ge=0)


class Limits(_Caps):
    """The numbers that policies compare with; `environments` changes them for one environment."""

    environments: dict[str, _Changed] = Field(default_factory=dict)

    def of(self, environment: str) -> dict[str, Any]:
        """What holds in `environment`, as the policies read it under `input.limits`."""
        changed = self.environments.get(environment, _Changed())
        return self.model_dump(exclude={"environments"}) | changed.model_dump(exclude_none=True)


@dataclass(frozen=True)
class Policies:
    """Policies that have been read and found evaluable. Safe to use from several threads, one after the other."""

    sources: Mapping[Path, str]
    limits: Limits = field(default_factory=Limits)
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @cached_property
    def _compiled(self) -> Bundle:
        """All of them, compiled: that takes 20 ms, as long as testing a small plan does."""
        return _interpreter(self.sources).build(_EVERYTHING)

    def test(
        self, plan: Plan, unit: Unit, overrides: Sequence[Override], now: datetime, purpose: Purpose = "promote"
    ) -> tuple[Violation, ...]:
        """What the policies find in `plan`, denials first. `InvalidInput` if a policy cannot be evaluated.

        They see what the plan is for: taking away again what a failed promotion made is not what a promotion does.
        """
        question = _question(plan, unit, self.limits.of(plan.target.environment), now) | {"purpose": purpose}
        with self._turn:
            found = _evaluate(self.sources, question, self._compiled)
        mine = [o for o in overrides if _is_for(o, plan)]
        settled = (_settle(finding, mine, now) for finding in found)
        return tuple(sorted(settled, key=lambda f: (not f.denied, f.policy, f.address, f.message)))


def load(folder: Path) -> Policies:
    """The policies and limits in `folder`. `InvalidInput` names the file and line that is wrong."""
    sources = {path: path.read_text() for path in sorted(folder.glob("*.rego"))}
    if not sources:
        raise InvalidInput(f"{folder} holds no policy (*.rego): a plan could not be tested. Restore the folder.")
    for path, source in sources.items():
        _require_package(path, source)
    limits = _limits(folder / LIMITS)
    _evaluate(sources, _EMPTY | {"limits": limits.of("")})
    return Policies(sources, limits)


def _require_package(path: Path, source: str) -> None:
    declared = re.search(r"^package\s+(\S+)", source, re.MULTILINE)
    if declared is None or declared[1] != f"flowmart.{path.stem}":
        found = declared[1] if declared else "no package"
        raise InvalidInput(f"{path} declares {found}; it should declare `package flowmart.{path.stem}`.")


def _limits(path: Path) -> Limits:
    if not path.exists():
        return Limits()
    try:
        return Limits.model_validate(yaml.safe_load(path.read_text()) or {})
    except yaml.YAMLError as error:
        raise InvalidInput(f"{path} is no YAML: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InvalidInput(f"{path} is wrong: {wrong}. Known keys: deletions, environments.") from error


# --- asking Rego ------------------------------------------------------------------------------------------

_EMPTY: dict[str, Any] = {
    "now": "1970-01-01T00:00:00Z",
    "environment": "",
    "release": "",
    "purpose": "promote",
    "unit": {"name": "", "engine": "", "protected": True},
    "changes": [],
}


def _question(plan: Plan, unit: Unit, limits: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "now": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "environment": plan.target.environment,
        "release": plan.target.release,
        "unit": {"name": unit.name, "engine": unit.engine, "protected": unit.protected},
        "limits": dict(limits),
        "changes": [asdict(change) for change in plan.changes],
    }


_EVERYTHING = "answer := data.flowmart"


def _evaluate(
    sources: Mapping[Path, str], question: Mapping[str, Any], compiled: Bundle | None = None
) -> list[Violation]:
    # As a term, not as regopy's Input: strings of an Input come back without their quotes escaped.
    asked = json.dumps(question, ensure_ascii=False, default=str)
    answers = _quick_answers(sources, asked, compiled) if compiled else None
    answers = answers or _answers(sources, asked)
    return [finding for path in sources for finding in _findings(path, answers[path])]


def _interpreter(sources: Mapping[Path, str]) -> Interpreter:
    interpreter = Interpreter()
    interpreter.log_level = LogLevel.NONE
    interpreter.strict_built_in_errors = True
    for path, source in sources.items():
        _add(interpreter, path, source)
    return interpreter


def _add(interpreter: Interpreter, path: Path, source: str) -> None:
    try:
        interpreter.add_module(path.name, source)
    except RegoError as error:
        raise InvalidInput(_told(path, source, str(error))) from error


def _told(path: Path, source: str, error: str) -> str:
    match = _PARSE_ERROR.search(error)
    if match is None:
        return f"{path} cannot be read as Rego: {error}"
    line = source.encode()[: int(match[1])].count(b"\n") + 1
    return f"{path}, line {line}: {match[2]}. Correct the policy; nothing is planned without it."


def _quick_answers(paths: Iterable[Path], asked: str, compiled: Bundle) -> dict[Path, Mapping[str, Any]] | None:
    """What every package says; None when one of them says nothing."""
    interpreter = _interpreter({})
    interpreter.set_input_term(asked)
    said = _said(lambda: interpreter.query_bundle(compiled))
    return {path: said[path.stem] for path in paths} if all(said.get(path.stem) for path in paths) else None


def _answers(sources: Mapping[Path, str], asked: str) -> dict[Path, Mapping[str, Any]]:
    """What every package says. All are asked at once, which is faster than one by one.

    One that cannot be evaluated silences all; then each is asked alone, to name it.
    """
    interpreter = _interpreter(sources)
    interpreter.set_input_term(asked)
    said = _said(lambda: interpreter.query(_EVERYTHING))
    return {path: said.get(path.stem) or _answer(interpreter, path) for path in sources}


def _answer(interpreter: Interpreter, path: Path) -> dict[str, Any]:
    said = _said(lambda: interpreter.query(f"answer := data.flowmart.{path.stem}"))
    if not said:
        raise InvalidInput(
            f"{path} could not be evaluated. Check that it has a `deny`, that the functions that it calls exist, "
            "and that the values in this plan are what they take."
        )
    return said


def _said(ask: Callable[[], Output]) -> dict[str, Any]:
    """The answer; nothing when it is undefined or cannot be evaluated. Rego tells no reason that could be shown."""
    try:
        output = ask()
        said = json.loads(str(output))["bindings"]["answer"] if output.ok() else None
    except (RegoError, ValueError, KeyError):
        return {}
    return said if isinstance(said, dict) else {}


def _findings(path: Path, said: Mapping[str, Any]) -> Iterable[Violation]:
    if "deny" not in said:
        raise InvalidInput(f"{path} denies nothing and never could: it has no `deny`. Say what is wrong in one.")
    for rule in ("deny", "warn"):
        for found in said.get(rule, []):
            if not isinstance(found, dict) or set(found) != {"address", "message"}:
                raise InvalidInput(f"{path}: {rule} should hold objects of address and message, not {found!r}.")
            yield Violation(path.stem, _self_contained(found), found["address"], denied=rule == "deny")


def _self_contained(said: Mapping[str, str]) -> str:
    """The message with its address in front: it is also read where the address is not shown."""
    return f"{said['address']}: {said['message']}" if said["address"] else said["message"]


# --- overrides --------------------------------------------------------------------------------------------


def _is_for(override: Override, plan: Plan) -> bool:
    target = plan.target
    return (override.environment, override.unit) == (target.environment, target.unit)


def _settle(finding: Violation, overrides: Sequence[Override], now: datetime) -> Violation:
    """What is left of a denial: lifted by an override in force, sharpened by one that has expired."""
    mine = [o for o in overrides if finding.denied and _lifts(o, finding)]
    if not mine:
        return finding
    latest = max(mine, key=lambda o: o.expires)
    if _in_force(latest, now):
        message = f"{finding.message} (allowed until {latest.expires} by an override: {latest.reason})"
        return Violation(finding.policy, message, finding.address, denied=False)
    message = f"{finding.message} (the override for it expired on {latest.expires}: {latest.reason})"
    return Violation(finding.policy, message, finding.address)


def _lifts(override: Override, finding: Violation) -> bool:
    """An override names one address exactly; "*" is for denials about the plan as a whole, and only those."""
    return override.policy == finding.policy and override.address == (finding.address or "*")


def _in_force(override: Override, now: datetime) -> bool:
    """`expires` is the last day, in UTC, on which the override counts."""
    return now.astimezone(UTC).date().isoformat() <= override.expires
