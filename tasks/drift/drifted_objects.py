"""One object that is not as it was applied, and what makes it the same finding the next time. Pure."""

from __future__ import annotations

from tasks.domain import wording
from tasks.domain.drift import DriftedObject
from tasks.domain.plan import Action, Change, Plan
from tasks.domain.values import digest_of

_WHOLE = (Action.CREATE, Action.DELETE)


def of(plan: Plan) -> tuple[DriftedObject, ...]:
    """The findings in what an engine's `detect_drift` came to."""
    return tuple(_finding(plan.target.environment, plan.target.unit, change) for change in plan.changes)


def identity(environment: str, unit: str, change: Change) -> str:
    """Where it is, what it is, what was done to which attributes, in whatever order; not to which values.

    So a value that moves on is the same finding, while another attribute of the same object is another one.
    """
    what = [environment, unit, change.address, change.kind, change.action.value, sorted(_paths(change))]
    return digest_of(what)[:16]


def _finding(environment: str, unit: str, change: Change) -> DriftedObject:
    differing = () if change.action in _WHOLE else wording.differing(change)
    return DriftedObject(
        unit=unit,
        address=change.address,
        kind=change.kind,
        action=change.action.value,
        told=wording.drift(change),
        attributes=tuple(sorted(_paths(change))),
        expected={each.path: each.before for each in differing},
        found={each.path: each.after for each in differing},
        identity=identity(environment, unit, change),
    )


def _paths(change: Change) -> set[str]:
    return set() if change.action in _WHOLE else {each.path for each in wording.differing(change)}
