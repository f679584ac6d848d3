"""When objects are ready: by the rules of kstatus, or by a unit's own expressions for its custom kinds.

An expression is in the Common Expression Language (https://cel.dev), which Kubernetes itself uses; `object` is the
live object. One that cannot be evaluated makes nothing ready: mostly, the controller has not written a status yet.
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
"""What the interpreter raises for an expression that is none, or has no value."""
_BOUND = re.compile(r"\.(?:all|exists|exists_one|map|filter)\(\s*(\w+)\s*,")
"""A name that stands for an entry of a list, within a macro."""


@dataclass(frozen=True)
class Rule:
    """When objects are ready, and when they have failed; `failed` may be empty."""

    selection: Selection
    ready: str
    failed: str = ""

    def readiness(self, live: Manifest) -> Readiness:
        """What the expressions say of a live object."""
        failed = _answer(self.failed, live) if self.failed else False
        if failed is True:
            return Readiness(State.FAILED, f"{self.failed} is true")
        ready = failed if isinstance(failed, str) else _answer(self.ready, live)
        if ready is True:
            return READY
        return Readiness(State.PROGRESSING, ready if isinstance(ready, str) else f"{self.ready} is not true")


@dataclass(frozen=True)
class Health:
    """The rules of a unit; of several for an object the first one counts. The rest is judged by `readiness`."""

    rules: Sequence[Rule] = ()

    def of(self, live: Manifest | None) -> Readiness:
        """Whether a live object is ready."""
        rule = self._rule(live)
        if live is None or rule is None:
            return readiness(live)
        return pending(live) or rule.readiness(live)

    def _rule(self, live: Manifest | None) -> Rule | None:
        if live is None or not self.rules:
            return None
        about = reference(live)
        return next((rule for rule in self.rules if rule.selection.covers(about)), None)


BY_STATUS = Health()
"""No rules of a unit's own."""


def fault(expression: str) -> str:
    """What is wrong with an expression, as far as that is seen without an object; empty when nothing is."""
    try:
        found = _compiled(expression)
    except _MISTAKES as error:
        return f"is not a valid expression: {_line(error)}"
    names = sorted({*found.variables()} - {_OBJECT, *_BOUND.findall(expression)})
    return f"has unknown names: {', '.join(names)}; the live object is called {_OBJECT}" if names else ""


def _answer(expression: str, live: Manifest) -> bool | str:
    """True, false, or why it is neither."""
    try:
        found = _compiled(expression).execute({_OBJECT: dict(live)})
    except _MISTAKES as error:
        return f"{expression} cannot be evaluated: {_line(error)}"
    return found if isinstance(found, bool) else f"{expression} is {found!r}, which is neither true nor false"


@lru_cache(maxsize=256)
def _compiled(expression: str) -> cel.Program:
    # The import takes a second: units without expressions do not need it.
    import cel

    return cel.compile(expression)


def _line(error: Exception) -> str:
    """What the interpreter says, without the drawing of where."""
    said = " ".join(line for line in str(error).splitlines() if not line.startswith("| "))
    return f"no such key: {said}" if isinstance(error, KeyError) else said.partition("ERROR: <input>:")[2] or said
