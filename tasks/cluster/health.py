"""Judges readiness: by kstatus's rules, or by a unit's own expressions for its custom kinds.

An expression is in the Common Expression Language (https://cel.dev), which Kubernetes uses too; `object` is the live
object. If an expression cannot be evaluated, the object is not ready: mostly its controller has not written a status
yet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tasks.cluster.objects import Manifest, reference
from tasks.cluster.readiness import READY, Readiness, State, pending, readiness
from tasks.cluster.selection import Selection

if TYPE_CHECKING:
    import cel

_OBJECT = "object"
_MISTAKES = (TypeError, ValueError, RuntimeError, LookupError, ArithmeticError)
"""What the interpreter raises for an expression that is invalid, or has no value."""
_BOUND = re.compile(r"\.(?:all|exists|exists_one|map|filter)\(\s*(\w+)\s*,")
"""A name that a macro binds to each entry of a list."""


@dataclass(frozen=True)
class Rule:
    """When objects are ready, and when they have failed; `failed` may be empty."""

    selection: Selection
    ready: str
    failed: str = ""

    def readiness(self, live: Manifest) -> Readiness:
        """Evaluate the expressions for a live object."""
        failed = _answer(self.failed, live) if self.failed else False
        if failed is True:
            return Readiness(State.FAILED, f"{self.failed} is true")
        ready = failed if isinstance(failed, str) else _answer(self.ready, live)
        if ready is True:
            return READY
        return Readiness(State.PROGRESSING, ready if isinstance(ready, str) else f"{self.ready} is not true")


@dataclass(frozen=True)
class Health:
    """The rules of a unit. The first one that matches an object counts; the rest is judged by `readiness`."""

    rules: Sequence[Rule] = ()

    def of(self, live: Manifest | None) -> Readiness:
        """Judge a live object, or None for one that does not exist."""
        rule = self._rule(live)
        if live is None or rule is None:
            return readiness(live)
        return pending(live) or rule.readiness(live)

    def has_rule(self, live: Manifest) -> bool:
        """Tell whether a rule of the unit decides about a live object."""
        return self._rule(live) is not None

    def _rule(self, live: Manifest | None) -> Rule | None:
        if live is None or not self.rules:
            return None
        about = reference(live)
        return next((rule for rule in self.rules if rule.selection.covers(about)), None)


BY_STATUS = Health()
"""No rules of a unit's own."""


def fault(expression: str) -> str:
    """Explain what is wrong with an expression, as far as that is visible without an object; empty if nothing is."""
    try:
        found = _compiled(expression)
    except _MISTAKES as error:
        return f"is not a valid expression: {_line(error)}"
    names = sorted({*found.variables()} - {_OBJECT, *_BOUND.findall(expression)})
    return f"has unknown names: {', '.join(names)}; the live object is called {_OBJECT}" if names else ""


def _answer(expression: str, live: Manifest) -> bool | str:
    """Evaluate to true or false, or return why it is neither."""
    try:
        found = _compiled(expression).execute({_OBJECT: dict(live)})
    except _MISTAKES as error:
        return f"{expression} cannot be evaluated: {_line(error)}"
    return found if isinstance(found, bool) else f"{expression} is {found!r}, which is neither true nor false"


@lru_cache(maxsize=256)
def _compiled(expression: str) -> cel.Program:
    # The import takes a second, and units without expressions do not need it.
    import cel

    return cel.compile(expression)


def _line(error: Exception) -> str:
    """Return the interpreter's message without its drawing of the position."""
    said = " ".join(line for line in str(error).splitlines() if not line.startswith("| "))
    return f"no such key: {said}" if isinstance(error, KeyError) else said.partition("ERROR: <input>:")[2] or said
