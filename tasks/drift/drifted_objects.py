"""Converts an engine's differences to drifted objects with an identity that is stable across reports. Pure."""

from __future__ import annotations

from tasks.domain import wording
from tasks.domain.drift import DriftedObject
from tasks.domain.plan import Action, Change, Plan
from tasks.domain.values import digest_of

_WHOLE = (Action.CREATE, Action.DELETE)


def of(plan: Plan) -> tuple[DriftedObject, ...]:
    """Return the drifted objects in the plan that an engine's `detect_drift` returned."""
    return tuple(_drifted(plan.target.environment, plan.target.unit, change) for change in plan.changes)


def identity(environment: str, unit: str, change: Change) -> str:
    """Return 16 hexadecimal digits over environment, unit, address, kind, action and the attributes that differ.

    Values are left out: an attribute that changes again is the same drift, another attribute is new drift.
    """
    what = [environment, unit, change.address, change.kind, change.action.value, sorted(_paths(change))]
    return digest_of(what)[:16]


def _drifted(environment: str, unit: str, change: Change) -> DriftedObject:
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
