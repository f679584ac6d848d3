"""Decides whether IAM policy documents allow a request. Pure: documents and a request in, a decision out.

moto's own evaluation ignores resources and conditions in most places, and cannot recognize trust across accounts. It
would reject policies that are right on AWS, and accept some that are wrong. This module follows the evaluation logic
that AWS documents: an explicit deny wins, then an allow, and otherwise the request is denied. It covers the elements
that the project's policies use. The server does not know everything about a request: for most services it lacks the
resource, and it lacks some condition keys. What it does not know counts in favour of an allow and never of a deny.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any

Statement = Mapping[str, Any]


class Decision(Enum):
    """What policies say about a request. `SILENT`: no statement applies, which AWS treats as a denial."""

    ALLOWED = "allowed"
    DENIED = "denied"
    SILENT = "silent"


@dataclass(frozen=True)
class Request:
    """A request: an action on a resource (None: not known), by a principal, with the values of condition keys."""

    action: str
    resource: str | None = None
    principal: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)


def decide(documents: Iterable[str], request: Request) -> Decision:
    """Evaluate all `documents` (JSON texts of policies) together and return their decision on a request."""
    applying = [effect for document in documents for effect in _effects(document, request)]
    if "Deny" in applying:
        return Decision.DENIED
    return Decision.ALLOWED if "Allow" in applying else Decision.SILENT


def _effects(document: str, request: Request) -> list[str]:
    return [str(s["Effect"]) for s in _statements(document) if _applies(s, request)]


@lru_cache(maxsize=512)
def _statements(document: str) -> tuple[Statement, ...]:
    return tuple(_listed(json.loads(document)["Statement"]))


def _applies(statement: Statement, request: Request) -> bool:
    return (
        _names_action(statement, request.action)
        and _names_resource(statement, request.resource)
        and _names_principal(statement, request.principal)
        and _conditions_hold(statement, request.context)
    )


def _names_action(statement: Statement, action: str) -> bool:
    if "NotAction" in statement:
        return not _any_matches(statement["NotAction"], action, re.IGNORECASE)
    return _any_matches(statement["Action"], action, re.IGNORECASE)


def _names_resource(statement: Statement, resource: str | None) -> bool:
    if "Resource" not in statement:
        return "NotResource" not in statement or not _any_matches(statement["NotResource"], resource or "")
    if resource is None:
        return statement["Effect"] == "Allow" or "*" in _listed(statement["Resource"])
    return _any_matches(statement["Resource"], resource)


def _names_principal(statement: Statement, principal: str | None) -> bool:
    if "Principal" not in statement:
        return True
    named = statement["Principal"]
    names = [named] if named == "*" else _listed(named.get("AWS", []))
    return any(_is_principal(name, principal or "") for name in names)


def _is_principal(name: str, principal: str) -> bool:
    if name in ("*", principal):
        return True
    account = re.fullmatch(r"(?:arn:aws:iam::)?(\d{12})(?::root)?", name)
    return account is not None and principal.split(":")[4:5] == [account[1]]


def _conditions_hold(statement: Statement, context: Mapping[str, str]) -> bool:
    return all(
        _condition_holds(operator, _listed(expected), context.get(key.lower()), str(statement["Effect"]))
        for operator, keys in statement.get("Condition", {}).items()
        for key, expected in keys.items()
    )


def _condition_holds(operator: str, expected: list[str], found: str | None, effect: str) -> bool:
    compare = _OPERATORS.get(operator.removesuffix("IfExists"))
    if found is None or compare is None:
        return effect == "Allow"
    return compare(expected, found)


def _is_one_of(expected: list[str], found: str) -> bool:
    return found in expected


def _is_none_of(expected: list[str], found: str) -> bool:
    return found not in expected


def _is_like(expected: list[str], found: str) -> bool:
    return _any_matches(expected, found)


def _is_truth(expected: list[str], found: str) -> bool:
    return found.lower() in [str(value).lower() for value in expected]


_OPERATORS: Mapping[str, Callable[[list[str], str], bool]] = {
    "StringEquals": _is_one_of,
    "StringNotEquals": _is_none_of,
    "StringLike": _is_like,
    "ArnEquals": _is_like,
    "ArnLike": _is_like,
    "Bool": _is_truth,
    "ForAnyValue:StringEquals": _is_one_of,
}


def _any_matches(patterns: Any, value: str, flags: int = 0) -> bool:
    return any(_pattern(pattern, flags).fullmatch(value) for pattern in _listed(patterns))


@lru_cache(maxsize=4096)
def _pattern(pattern: str, flags: int) -> re.Pattern[str]:
    translated = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(translated, flags | re.DOTALL)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
