"""One object that is not as it was applied, and what makes it the same finding the next time. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.domain import wording
from tasks.domain.plan import Action, Change, Plan
from tasks.domain.values import digest_of

_WHOLE = (Action.CREATE, Action.DELETE)


@dataclass(frozen=True)
class DriftedObject:
    """One object that is not as it was applied. `told` is a line each: what, then what differs.

    `attributes` are the paths that differ, sorted ("spec.replicas"); none where the whole object is new or gone.
    `expected` and `found` hold their values, `MASK` for what is sensitive. `identity` says which finding it is, in
    every report. `since` is when it was first seen (ISO 8601). `new`: the last report did not tell of it. `until`
    (UTC date) and `reason` are those of its suppression; empty: it is not suppressed.
    """

    unit: str
    address: str
    kind: str
    action: str
    told: tuple[str, ...]
    attributes: tuple[str, ...] = ()
    expected: Mapping[str, Any] = field(default_factory=dict)
    found: Mapping[str, Any] = field(default_factory=dict)
    identity: str = ""
    since: str = ""
    new: bool = False
    until: str = ""
    reason: str = ""

    @property
    def suppressed(self) -> bool:
        """Whether it may stay for now."""
        return bool(self.until)


def of(plan: Plan) -> tuple[DriftedObject, ...]:
    """The findings in what an engine's `detect_drift` came to."""
    return tuple(_finding(plan.target.environment, plan.target.unit, change) for change in plan.changes)


def identity(environment: str, unit: str, change: Change) -> str:
    """Where it is, what it is, what was done to which attributes, in whatever order; not to which values.

    So a value that moves on is the same finding, while another attribute of the same object is another one.
    """
    what = [environment, unit, change.address, change.kind, change.action.value, sorted(_paths(change))]
    return digest_of(what)[:16]


def read(data: Mapping[str, Any], at: str) -> DriftedObject:
    """A finding as an entry of the ledger holds it that was written `at`; older ones hold less, and no identity."""
    known = {"kind": "", "action": "", **data}
    return DriftedObject(
        **{
            **known,
            "told": tuple(known["told"]),
            "attributes": tuple(known.get("attributes", ())),
            "since": known.get("since") or at,
        }
    )


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
