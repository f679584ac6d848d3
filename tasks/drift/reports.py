"""Compares a drift report with earlier ones: when drift was first seen, what is new, what has recovered. Pure.

Each report is one entry of the ledger, and earlier reports are known from the ledger alone. A unit that did not
respond is not compared, so its known drift is neither new nor recovered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tasks.domain.drift import DriftedObject, Idle
from tasks.domain.errors import InvalidInput
from tasks.domain.events import DriftReported
from tasks.domain.rules import Suppression
from tasks.drift import suppressions
from tasks.ledger.entries import Entry
from tasks.ledger.state import EnvironmentState, KnownDrift


@dataclass(frozen=True)
class DriftReport:
    """All drift of an environment from its release, at one time.

    Attributes:
        environment: its name.
        release: the id of the release that it was compared with.
        at: when (ISO 8601, UTC).
        units: the units that were compared.
        drifted: the objects that differ, including suppressed ones.
        unanswered: {unit: why it could not be compared}.
        left_behind: units that are applied here but no longer declared by the release; they are not compared.
        recovered: objects of an earlier report that no longer drift.
        idle: suppressions that have no effect.
        remarks: {unit: other remarks of its engine}, such as which fields are ignored and why.
    """

    environment: str
    release: str
    at: str
    units: tuple[str, ...]
    drifted: tuple[DriftedObject, ...]
    unanswered: Mapping[str, str]
    left_behind: tuple[str, ...] = ()
    recovered: tuple[DriftedObject, ...] = ()
    idle: tuple[Idle, ...] = ()
    remarks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def open(self) -> tuple[DriftedObject, ...]:
        """Return the drifted objects that are not suppressed."""
        return tuple(item for item in self.drifted if not item.suppressed)

    @property
    def alerting(self) -> tuple[DriftedObject, ...]:
        """Return the drifted objects to notify of: not suppressed, and not in an earlier notification."""
        return tuple(item for item in self.open if item.new)


def judge(seen: DriftReport, known: KnownDrift, suppressing: Sequence[Suppression], now: datetime) -> DriftReport:
    """Return the report with dates, recoveries and suppressions added.

    Args:
        seen: what the engines found now.
        known: the drift in earlier reports.
        suppressing: all suppressions of the release.
        now: the time of the report.
    """
    before = known.found
    today = now.astimezone(UTC).date()
    mine = [each for each in suppressing if each.environment == seen.environment]
    settled = (suppressions.settle(item, mine, today) for item in seen.drifted)
    drifted = tuple(_dated(item, before.get(item.unit, ()), seen.at) for item in settled)
    return replace(
        seen,
        drifted=drifted,
        recovered=_recovered(before, drifted, seen.units),
        idle=suppressions.idle(mine, drifted, seen.units, today),
    )


def event_of(report: DriftReport) -> DriftReported:
    """Return the event for the ledger. Actor, environment and time are in the entry itself."""
    return DriftReported(
        release=report.release,
        units=report.units,
        drifted=report.drifted,
        unanswered=report.unanswered,
        left_behind=report.left_behind,
        recovered=report.recovered,
        idle=report.idle,
        remarks=report.remarks,
    )


def report_of(entry: Entry) -> DriftReport:
    """Return the report in a `drift` entry.

    Raises:
        InvalidInput: the entry is of another kind.
    """
    if not isinstance(entry.event, DriftReported):
        raise InvalidInput(f"{entry.id}: a {entry.kind} entry holds no drift report")
    return _report(entry.environment, entry.at, entry.event)


def last_report(found: EnvironmentState) -> DriftReport | None:
    """Return the newest report of an environment; None before the first."""
    recorded = found.drift.report
    return _report(found.environment, recorded.at, recorded.event) if recorded else None


def unexplained(
    found: EnvironmentState, suppressing: Sequence[Suppression], now: datetime
) -> tuple[DriftedObject, ...]:
    """Return the drift of an environment that no suppression covers `now`, according to its ledger.

    Drift found in a unit before its last apply or rollback is left out: it may be gone.
    """
    known = found.drift
    drifted = (item for unit, items in known.found.items() if unit not in known.outdated for item in items)
    mine = [each for each in suppressing if each.environment == found.environment]
    today = now.astimezone(UTC).date()
    settled = (suppressions.settle(item, mine, today) for item in drifted)
    return tuple(item for item in settled if not item.suppressed)


def untried(known: KnownDrift, drifted: Iterable[DriftedObject]) -> tuple[DriftedObject, ...]:
    """Return the drifted objects first seen after the last reconcile.

    Another reconcile would not repair the older ones either.
    """
    return tuple(item for item in drifted if item.since > known.reconciled_at)


def _report(environment: str, at: str, event: DriftReported) -> DriftReport:
    return DriftReport(
        environment=environment,
        release=event.release,
        at=at,
        units=event.units,
        drifted=event.drifted,
        unanswered=event.unanswered,
        left_behind=event.left_behind,
        recovered=event.recovered,
        idle=event.idle,
        remarks=event.remarks,
    )


def _dated(item: DriftedObject, before: Sequence[DriftedObject], at: str) -> DriftedObject:
    """Return the object with the time when it was first seen. It is new again once its suppression has ended."""
    known = next((each for each in before if each.identity == item.identity), None)
    reported = known is not None and (not known.suppressed or item.suppressed)
    return replace(item, since=known.since if known else at, new=not reported)


def _recovered(
    before: Mapping[str, tuple[DriftedObject, ...]], now: Sequence[DriftedObject], compared: Sequence[str]
) -> tuple[DriftedObject, ...]:
    """Return reported objects that no longer drift. One that now drifts in another way has not recovered."""
    drifting = {(item.unit, item.address) for item in now}
    reported = (item for unit in compared for item in before.get(unit, ()) if not item.suppressed)
    return tuple(replace(item, new=False) for item in reported if (item.unit, item.address) not in drifting)
