"""What engines conclude from planning again: after an unanswered apply, and when a unit is verified. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tasks.domain.outcome import Observation, Outcome, Progress, Verification
from tasks.domain.plan import Change, Plan
from tasks.domain.values import CHANGED, MASK, UNKNOWN


def observed(planned: Plan, again: Plan, outputs: Mapping[str, Any]) -> Observation:
    """How far the apply of `planned` got, by a plan of the same made `again` afterwards.

    Nothing left to do: done. Exactly the same left to do: unchanged; the state's serial says nothing about that,
    since also a refresh moves it. Done as well, when all that is left are changes that come back with every plan:
    they begin where the planned ones ended. Anything else: partial.
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
    """A unit is as declared when a new plan has no changes."""
    return Verification(Outcome.FAILED if plan.changes else Outcome.SUCCEEDED, plan.changes)


def _returns(planned: Change | None, left: Change) -> bool:
    """Whether a change that is left begins where the planned one ended. What a note tells of was half done."""
    if planned is None or planned.before == left.before or left.note:
        return False
    return _fits(planned.after, left.before)


def _fits(expected: Any, found: Any) -> bool:
    """Whether a value is what was planned. What was not known, or is secret, may be anything."""
    if isinstance(expected, str) and expected in (UNKNOWN, MASK, CHANGED):
        return True
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        return all(_fits(value, found.get(key)) for key, value in expected.items())
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return all(_fits(*pair) for pair in zip(expected, found, strict=True))
    return bool(expected == found) or not (expected or found)


def _named(changes: Iterable[Change]) -> str:
    return ", ".join(change.address for change in changes)
