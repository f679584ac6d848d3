"""Drift: what somebody changed behind our back, found by the tools' own refresh and told in words. Read-only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from tasks import wording
from tasks.model import Plan
from tasks.stage import Stage

log = structlog.get_logger("flowmart.drift")


@dataclass(frozen=True)
class Drifted:
    """One object that is not as it was applied. `told` is a line each: what, then what differs."""

    unit: str
    address: str
    kind: str
    action: str
    told: tuple[str, ...]


@dataclass(frozen=True)
class DriftReport:
    """All drift of an environment against the release that is there."""

    environment: str
    release: str
    units: tuple[str, ...]
    drifted: tuple[Drifted, ...]


def detect(stage: Stage, unit: str) -> Plan | None:
    """What differs from the unit's receipt; None for a unit that was never applied here."""
    receipt = stage.standing().receipts.get(unit)
    return stage.engine(unit).detect_drift(receipt) if receipt else None


def report(stage: Stage, found: Sequence[Plan]) -> DriftReport:
    """Put the plans of an environment's units into one report, and record it."""
    drifted = tuple(item for plan in found for item in _told(plan))
    name = stage.environment.name
    made = DriftReport(name, stage.release.id, tuple(plan.target.unit for plan in found), drifted)
    objects = [{"unit": item.unit, "address": item.address, "told": list(item.told)} for item in drifted]
    stage.ledger.append(name, "drift", {"release": stage.release.id, "drifted": objects})
    log.info("compared", environment=name, what=f"{len(found)} units, {len(drifted)} objects drifted")
    return made


def _told(plan: Plan) -> Sequence[Drifted]:
    unit = plan.target.unit
    return [Drifted(unit, c.address, c.kind, c.action.value, wording.drift(c)) for c in plan.changes]
