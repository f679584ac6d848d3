"""What a report says in the light of the earlier ones: since when, what is new, what has recovered. Pure.

A report is one entry of the ledger, and the ledger is all that is known of earlier ones. A unit that could not be
asked is not compared: what was last found there neither ends nor begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
    """All drift of an environment against the release that is there, at one time.

    `units` were compared, `unanswered` could not be: {unit: why}. `left_behind` are units that were applied here and
    that the release does not declare any more; nobody compares them. `recovered` was told of before and is gone.
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

    @property
    def open(self) -> tuple[DriftedObject, ...]:
        """What is not suppressed."""
        return tuple(item for item in self.drifted if not item.suppressed)

    @property
    def alerting(self) -> tuple[DriftedObject, ...]:
        """What somebody has to be told: it is not suppressed, and nobody was told of it before."""
        return tuple(item for item in self.open if item.new)


def judge(seen: DriftReport, known: KnownDrift, suppressing: Sequence[Suppression], now: datetime) -> DriftReport:
    """What was seen, with all that earlier reports and the release's suppressions say about it."""
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
    """What the ledger keeps of a report; who, where and when are the entry's own."""
    return DriftReported(
        release=report.release,
        units=report.units,
        drifted=report.drifted,
        unanswered=report.unanswered,
        left_behind=report.left_behind,
        recovered=report.recovered,
        idle=report.idle,
    )


def report_of(entry: Entry) -> DriftReport:
    """The report that a `drift` entry holds; `InvalidInput` for an entry of another kind."""
    if not isinstance(entry.event, DriftReported):
        raise InvalidInput(f"{entry.id}: a {entry.kind} entry holds no drift report")
    return _report(entry.environment, entry.at, entry.event)


def last_report(found: EnvironmentState) -> DriftReport | None:
    """The newest report of an environment; None before the first."""
    recorded = found.drift.report
    return _report(found.environment, recorded.at, recorded.event) if recorded else None


def unexplained(
    found: EnvironmentState, suppressing: Sequence[Suppression], now: datetime
) -> tuple[DriftedObject, ...]:
    """The drift of an environment that no suppression covers `now`, as far as its ledger knows.

    What was found in a unit before something was applied to it, or rolled back, is not known to be there any more.
    """
    known = found.drift
    drifted = (item for unit, items in known.found.items() if unit not in known.outdated for item in items)
    mine = [each for each in suppressing if each.environment == found.environment]
    today = now.astimezone(UTC).date()
    settled = (suppressions.settle(item, mine, today) for item in drifted)
    return tuple(item for item in settled if not item.suppressed)


def untried(known: KnownDrift, drifted: Iterable[DriftedObject]) -> tuple[DriftedObject, ...]:
    """The drifted objects that no reconcile was begun for: what one could not repair, the next will not either."""
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
    )


def _dated(item: DriftedObject, before: Sequence[DriftedObject], at: str) -> DriftedObject:
    """The finding with when it was first seen. One whose suppression has ended has not been told of."""
    known = next((each for each in before if each.identity == item.identity), None)
    told = known is not None and (not known.suppressed or item.suppressed)
    return replace(item, since=known.since if known else at, new=not told)


def _recovered(
    before: Mapping[str, tuple[DriftedObject, ...]], now: Sequence[DriftedObject], compared: Sequence[str]
) -> tuple[DriftedObject, ...]:
    """What was told of and is gone. An object that drifts in another way now has not recovered."""
    there = {(item.unit, item.address) for item in now}
    told = (item for unit in compared for item in before.get(unit, ()) if not item.suppressed)
    return tuple(replace(item, new=False) for item in told if (item.unit, item.address) not in there)
