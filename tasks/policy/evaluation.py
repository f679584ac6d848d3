"""Evaluate policies in Rego: what each says about one question. Pure.

A policy that cannot be evaluated is an error, never a silent pass. So built-in errors are strict.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from regopy import Bundle, Interpreter, LogLevel, Output, RegoError

from tasks.domain.errors import InvalidInput
from tasks.domain.plan import Plan
from tasks.domain.platform import Unit
from tasks.domain.rules import Violation

_PACKAGE = re.compile(r"^package\s+(\w+(?:\.\w+)*)\s*(?:#.*)?$", re.MULTILINE)

# rego-cpp reports it as offset|length: `(error 12:policies.rego|52|2 (errormsg 24:Invalid boolean operator) ...`.
_PARSE_ERROR = re.compile(r"\(error \d+:[^|]*\|(\d+)\|\d+.*?\(errormsg \d+:([^)]*)\)", re.DOTALL)

EMPTY: dict[str, Any] = {
    "now": "1970-01-01T00:00:00Z",
    "environment": "",
    "release": "",
    "purpose": "promote",
    "unit": {"name": "", "engine": "", "protected": True},
    "changes": [],
}
"""The question about an empty plan, without the limits. Each policy answers it once when it is loaded."""


def question_of(plan: Plan, unit: Unit, limits: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the input of the policies for a plan."""
    return {
        "now": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "environment": plan.target.environment,
        "release": plan.target.release,
        "unit": {"name": unit.name, "engine": unit.engine, "protected": unit.protected},
        "limits": dict(limits),
        "changes": [asdict(change) for change in plan.changes],
    }


_EVERYTHING = "answer := data"


def compiled(sources: Mapping[Path, str]) -> Bundle:
    """Return all policies, compiled once: compiling takes 20 ms, as long as testing a small plan.

    Raises:
        InvalidInput: names the file and line that cannot be read as Rego.
    """
    return _interpreter(sources).build(_EVERYTHING)


def evaluate(
    sources: Mapping[Path, str], question: Mapping[str, Any], bundle: Bundle | None = None
) -> list[Violation]:
    """Return what the policies say, each in its turn.

    Args:
        sources: {file of a policy: its text}.
        question: the input of the policies; see `question_of`.
        bundle: the same policies, compiled; None to read their text.

    Raises:
        InvalidInput: names the policy that cannot be evaluated on this question.
    """
    if not sources:
        return []
    # Pass a term, not regopy's Input: strings of an Input come back without their quotes escaped.
    asked = json.dumps(question, ensure_ascii=False, default=str)
    answers = _quick_answers(sources, asked, bundle) if bundle else None
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


def _quick_answers(sources: Mapping[Path, str], asked: str, bundle: Bundle) -> dict[Path, Mapping[str, Any]] | None:
    """Return the result of every package, or None if one of them has no result."""
    interpreter = _interpreter({})
    interpreter.set_input_term(asked)
    document = _document(lambda: interpreter.query_bundle(bundle))
    answers: dict[Path, Mapping[str, Any]] = {p: _at(document, package_of(s)) for p, s in sources.items()}
    return answers if all(answers.values()) else None


def _answers(sources: Mapping[Path, str], asked: str) -> dict[Path, Mapping[str, Any]]:
    """Return the result of every package. Evaluating all at once is faster than one by one.

    If one cannot be evaluated, none has a result. Then each is evaluated alone, to find it.
    """
    interpreter = _interpreter(sources)
    interpreter.set_input_term(asked)
    document = _document(lambda: interpreter.query(_EVERYTHING))
    return {
        path: _at(document, package_of(source)) or _answer(interpreter, path, package_of(source))
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
        listed = answer.get(rule, [])
        if not isinstance(listed, list):
            raise InvalidInput(
                f"{path}: {rule} should be a set of objects, not {listed!r}; write `{rule} contains ...`."
            )
        for found in listed:
            if not isinstance(found, dict) or set(found) != {"address", "message"}:
                raise InvalidInput(f"{path}: {rule} should hold objects of address and message, not {found!r}.")
            yield Violation(path.stem, _self_contained(found), found["address"], denied=rule == "deny")


def _self_contained(found: Mapping[str, str]) -> str:
    """Return the message with its address in front, because it is also shown without the address."""
    return f"{found['address']}: {found['message']}" if found["address"] else found["message"]


def package_of(source: str) -> tuple[str, ...]:
    """Return the names of the package, root first; empty if none is declared."""
    declared = _PACKAGE.search(source)
    return tuple(declared[1].split(".")) if declared else ()
