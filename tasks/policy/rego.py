"""Tests plans against policies written in Rego, which define what a plan must not do.

A policy is a file `infrastructure/policies/<name>.rego` whose package ends in its name: `acme.<name>`. It only
returns what is wrong (`deny`) or worth knowing (`warn`). This module decides which denials an override lifts, for
every policy alike. Evaluation has no other inputs: the same plan, overrides and time give the same violations.

A policy that cannot be evaluated is an error, never a silent pass. So built-in errors are strict, and every policy is
evaluated once on an empty plan when it is loaded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from regopy import Bundle, Interpreter, LogLevel, Output, RegoError

from tasks import yaml12
from tasks.domain.errors import InvalidInput
from tasks.domain.plan import Plan
from tasks.domain.platform import Unit
from tasks.domain.rules import Override, Violation

LIMITS = "limits.yaml"

Purpose = Literal["promote", "rollback"]

_PACKAGE = re.compile(r"^package\s+(\w+(?:\.\w+)*)\s*(?:#.*)?$", re.MULTILINE)

# rego-cpp reports it as offset|length: `(error 12:policies.rego|52|2 (errormsg 24:Invalid boolean operator) ...`.
_PARSE_ERROR = re.compile(r"\(error \d+:[^|]*\|(\d+)\|\d+.*?\(errormsg \d+:([^)]*)\)", re.DOTALL)


class _Caps(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    deletions: int = Field(default=5, ge=0)


class _Changed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    deletions: int | None = Field(default=None, ge=0)


class Limits(_Caps):
    """The numbers that policies compare with; `environments` changes them for one environment."""

    environments: dict[str, _Changed] = Field(default_factory=dict)

    def of(self, environment: str) -> dict[str, Any]:
        """Return the limits of `environment`, as the policies read them under `input.limits`."""
        changed = self.environments.get(environment, _Changed())
        return self.model_dump(exclude={"environments"}) | changed.model_dump(exclude_none=True)


@dataclass(frozen=True)
class Policies:
    """Loaded policies, ready for evaluation. Safe to use from several threads: one thread evaluates for all.

    rego-cpp keeps some megabytes of memory for every thread that ever evaluated.
    """

    sources: Mapping[Path, str]
    limits: Limits = field(default_factory=Limits)
    _thread: ThreadPoolExecutor = field(
        default_factory=partial(ThreadPoolExecutor, 1, "policies"), repr=False, compare=False
    )

    @cached_property
    def _compiled(self) -> Bundle:
        """Return all policies, compiled once: compiling takes 20 ms, as long as testing a small plan."""
        return _interpreter(self.sources).build(_EVERYTHING)

    def test(
        self, plan: Plan, unit: Unit, overrides: Sequence[Override], now: datetime, purpose: Purpose = "promote"
    ) -> tuple[Violation, ...]:
        """Test `plan` against every policy.

        Args:
            plan: the plan.
            unit: the unit that is planned.
            overrides: those of the release; those for other targets are ignored.
            now: the time of the test, with a time zone.
            purpose: the purpose of the plan. A rollback may delete what a promotion may not.

        Returns:
            The violations, denials first.

        Raises:
            InvalidInput: a policy cannot be evaluated on this plan.
        """
        question = _question(plan, unit, self.limits.of(plan.target.environment), now) | {"purpose": purpose}
        violations = self._thread.submit(self._evaluated, question).result()
        mine = [o for o in overrides if _is_for(o, plan)]
        settled = (_settle(violation, mine, now) for violation in violations)
        return tuple(sorted(settled, key=lambda v: (not v.denied, v.policy, v.address, v.message)))

    def _evaluated(self, question: Mapping[str, Any]) -> list[Violation]:
        return _evaluate(self.sources, question, self._compiled)


def load(folder: Path) -> Policies:
    """Load the policies and limits in `folder`; there are none if the folder does not exist.

    Raises:
        InvalidInput: names the file and line that is wrong.
    """
    _refuse_unread(folder)
    sources = {path: path.read_text() for path in sorted(folder.glob("*.rego"))}
    if not sources and folder.exists():
        raise InvalidInput(f"{folder} holds no policy (*.rego). Add one, or remove the folder to have none.")
    for path, source in sources.items():
        _require_package(path, source)
    limits = _limits(folder / LIMITS)
    _evaluate(sources, _EMPTY | {"limits": limits.of("")})
    return Policies(sources, limits)


def _refuse_unread(folder: Path) -> None:
    """Reject policies and limits in places that are not read: they would be a silent pass."""
    below = sorted(path for path in folder.glob("*/**/*.rego") if not path.name.endswith("_test.rego"))
    if below:
        raise InvalidInput(f"{below[0]}: policies are read in {folder} alone; move it there")
    wrong = folder / LIMITS.replace(".yaml", ".yml")
    if wrong.exists():
        raise InvalidInput(f"{wrong}: is not read; rename it {LIMITS}")


def _require_package(path: Path, source: str) -> None:
    # Any root is accepted, so that a repository with existing policies keeps its own.
    declared = _package(source)
    if not declared or declared[-1] != path.stem:
        found = f"package {'.'.join(declared)}" if declared else "no package"
        raise InvalidInput(
            f"{path} declares {found}; a policy's package ends in the file's name: `package acme.{path.stem}`."
        )


def _package(source: str) -> tuple[str, ...]:
    """Return the names of the package, root first; empty if none is declared."""
    declared = _PACKAGE.search(source)
    return tuple(declared[1].split(".")) if declared else ()


def _limits(path: Path) -> Limits:
    if not path.exists():
        return Limits()
    try:
        return Limits.model_validate(yaml12.load_by(path.read_text(), yaml.SafeLoader) or {})
    except yaml.YAMLError as error:
        raise InvalidInput(f"{path} is not valid YAML: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InvalidInput(f"{path} is wrong: {wrong}. Known keys: deletions, environments.") from error


# --- evaluating Rego ------------------------------------------------------------------------------------------

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


_EVERYTHING = "answer := data"


def _evaluate(
    sources: Mapping[Path, str], question: Mapping[str, Any], compiled: Bundle | None = None
) -> list[Violation]:
    if not sources:
        return []
    # Pass a term, not regopy's Input: strings of an Input come back without their quotes escaped.
    asked = json.dumps(question, ensure_ascii=False, default=str)
    answers = _quick_answers(sources, asked, compiled) if compiled else None
    answers = answers or _answers(sources, asked)
    return [violation for path in sources for violation in _violations(path, answers[path])]


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
        raise InvalidInput(_parse_error(path, source, str(error))) from error


def _parse_error(path: Path, source: str, error: str) -> str:
    match = _PARSE_ERROR.search(error)
    if match is None:
        return f"{path} cannot be read as Rego: {error}"
    line = source.encode()[: int(match[1])].count(b"\n") + 1
    return f"{path}, line {line}: {match[2]}. Correct the policy; nothing is planned without it."


def _quick_answers(sources: Mapping[Path, str], asked: str, compiled: Bundle) -> dict[Path, Mapping[str, Any]] | None:
    """Return the result of every package, or None if one of them has no result."""
    interpreter = _interpreter({})
    interpreter.set_input_term(asked)
    document = _document(lambda: interpreter.query_bundle(compiled))
    answers: dict[Path, Mapping[str, Any]] = {p: _at(document, _package(s)) for p, s in sources.items()}
    return answers if all(answers.values()) else None


def _answers(sources: Mapping[Path, str], asked: str) -> dict[Path, Mapping[str, Any]]:
    """Return the result of every package. Evaluating all at once is faster than one by one.

    If one cannot be evaluated, none has a result. Then each is evaluated alone, to find it.
    """
    interpreter = _interpreter(sources)
    interpreter.set_input_term(asked)
    document = _document(lambda: interpreter.query(_EVERYTHING))
    return {
        path: _at(document, _package(source)) or _answer(interpreter, path, _package(source))
        for path, source in sources.items()
    }


def _answer(interpreter: Interpreter, path: Path, package: Sequence[str]) -> dict[str, Any]:
    answer = _document(lambda: interpreter.query(f"answer := data.{'.'.join(package)}"))
    if not answer:
        raise InvalidInput(
            f"{path} could not be evaluated. Check that it has a `deny`, that the functions that it calls exist, "
            "and that the values in this plan are what they take."
        )
    return answer


def _document(evaluate: Callable[[], Output]) -> dict[str, Any]:
    """Return the answer; empty if it is undefined or fails, because Rego gives no reason to show."""
    try:
        output = evaluate()
        answer = json.loads(str(output))["bindings"]["answer"] if output.ok() else None
    except (RegoError, ValueError, KeyError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _at(document: Mapping[str, Any], package: Sequence[str]) -> dict[str, Any]:
    """Return the part of `document` that `package` defines; empty if it defines nothing."""
    found: Any = document
    for name in package:
        found = found.get(name, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, dict) else {}


def _violations(path: Path, answer: Mapping[str, Any]) -> Iterable[Violation]:
    if "deny" not in answer:
        raise InvalidInput(f"{path} has no `deny`, so it can never deny anything. Add one.")
    for rule in ("deny", "warn"):
        for found in answer.get(rule, []):
            if not isinstance(found, dict) or set(found) != {"address", "message"}:
                raise InvalidInput(f"{path}: {rule} should hold objects of address and message, not {found!r}.")
            yield Violation(path.stem, _self_contained(found), found["address"], denied=rule == "deny")


def _self_contained(found: Mapping[str, str]) -> str:
    """Return the message with its address in front, because it is also shown without the address."""
    return f"{found['address']}: {found['message']}" if found["address"] else found["message"]


# --- overrides --------------------------------------------------------------------------------------------


def _is_for(override: Override, plan: Plan) -> bool:
    target = plan.target
    return (override.environment, override.unit) == (target.environment, target.unit)


def _settle(violation: Violation, overrides: Sequence[Override], now: datetime) -> Violation:
    """Apply overrides to a denial: one in force turns it into a warning, an expired one is noted in its message."""
    mine = [o for o in overrides if violation.denied and _lifts(o, violation)]
    if not mine:
        return violation
    latest = max(mine, key=lambda o: o.expires)
    if _in_force(latest, now):
        message = f"{violation.message} (allowed until {latest.expires} by an override: {latest.reason})"
        return Violation(violation.policy, message, violation.address, denied=False)
    message = f"{violation.message} (the override for it expired on {latest.expires}: {latest.reason})"
    return Violation(violation.policy, message, violation.address)


def _lifts(override: Override, violation: Violation) -> bool:
    """Tell whether an override matches a violation: by its exact address, or "*" for a denial of the whole plan."""
    return override.policy == violation.policy and override.address == (violation.address or "*")


def _in_force(override: Override, now: datetime) -> bool:
    """Tell whether an override applies now; `expires` is its last day, in UTC."""
    return now.astimezone(UTC).date().isoformat() <= override.expires
