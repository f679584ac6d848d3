"""Draw conclusions from a second plan: after an unanswered apply, and when a unit is verified. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tasks.domain.outcome import Observation, Outcome, Progress, Verification
from tasks.domain.plan import Change, Plan
from tasks.domain.values import CHANGED, MASK, UNKNOWN


def observed(planned: Plan, again: Plan, outputs: Mapping[str, Any]) -> Observation:
    """Return how far the apply of `planned` got.

    `DONE` if nothing is left to do, or if all that is left are changes that come back with every plan: they begin
    where the planned ones ended. `UNCHANGED` if exactly the same is left; the state's serial does not show that,
    because a refresh changes it too. Otherwise `PARTIAL`.

    Args:
        planned: the plan whose apply was unanswered.
        again: a new plan of the same, made afterwards.
        outputs: the unit's outputs, returned if the apply is done.
    """
    if again.empty:
        return Observation(Progress.DONE, outputs)
    if (again.changes, again.changes_outputs) == (planned.changes, planned.changes_outputs):
        return Observation(Progress.UNCHANGED)
    before = {change.address: change for change in planned.changes}
    left = [change for change in again.changes if not _returns(before.get(change.address), change)]
    if again.changes and not left:
        return Observation(Progress.DONE, outputs)
    return Observation(Progress.PARTIAL, detail=f"still to do: {_named(left) or 'outputs'}")


def verified(plan: Plan) -> Verification:
    """Return whether the unit is as declared, which it is if a new plan has no changes."""
    return Verification(Outcome.FAILED if plan.changes else Outcome.SUCCEEDED, plan.changes)


def _returns(planned: Change | None, left: Change) -> bool:
    """Tell whether a change begins where the planned one ended. A change with a note was only half done."""
    if planned is None or planned.before == left.before or left.note:
        return False
    return _fits(planned.after, left.before)


def _fits(expected: Any, found: Any) -> bool:
    """Tell whether a value is as planned. A value that was unknown or secret may be anything."""
    if isinstance(expected, str) and expected in (UNKNOWN, MASK, CHANGED):
        return True
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        return all(_fits(value, found.get(key)) for key, value in expected.items())
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return all(_fits(*pair) for pair in zip(expected, found, strict=True))
    return bool(expected == found) or not (expected or found)


def _named(changes: Iterable[Change]) -> str:
    return ", ".join(change.address for change in changes)
