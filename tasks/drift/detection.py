"""Asking the engines what somebody changed, and recording it. Reads only, but for the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import structlog

from tasks.drift import findings
from tasks.drift.reports import DriftReport, body, judge, report_of, unexplained, untried
from tasks.errors import CouldNotAsk
from tasks.model import Plan
from tasks.stage import Stage
from tasks.standing import left_behind

log = structlog.get_logger("flowmart.drift")


def detect(stage: Stage, unit: str) -> Plan | None:
    """What differs from the unit's receipt; None for a unit that was never applied here.

    `CouldNotAsk` while a promotion is at work on the unit: what it changes is not done by hand.
    """
    receipt = stage.standing().receipts.get(unit)
    if receipt is None:
        return None
    found = stage.engine(unit).detect_drift(receipt)
    now = stage.standing()
    if unit in now.attempted or now.receipts.get(unit) != receipt:
        raise CouldNotAsk(f"{receipt.target}: a promotion is at work on it; it is compared again by the next report")
    return found


def report(stage: Stage, found: Sequence[Plan], errored: Mapping[str, Exception]) -> DriftReport:
    """Put the plans of an environment's units into one report, judge it by the earlier ones, and record it.

    The ledger decides between two reports that are made at once: the later one knows of the earlier.
    """
    now = datetime.now(UTC)
    seen = DriftReport(
        environment=stage.environment.name,
        release=stage.release.id,
        at=now.isoformat(timespec="milliseconds"),
        units=tuple(plan.target.unit for plan in found),
        drifted=tuple(item for plan in found for item in findings.of(plan)),
        errored={unit: str(error) for unit, error in errored.items()},
        left_behind=left_behind(stage.standing(), stage.release),
    )
    entry = stage.ledger.append(
        seen.environment, "drift", lambda entries: body(judge(seen, entries, stage.suppressions, now))
    )
    made = report_of(entry)
    log.info("compared", environment=made.environment, what=_counts(made))
    return made


def drifting(stage: Stage) -> frozenset[str]:
    """The units of the stage that drifted and that no suppression covers, as far as the ledger knows."""
    name = stage.environment.name
    found = unexplained(name, stage.ledger.entries(name), stage.suppressions, datetime.now(UTC))
    return frozenset(item.unit for item in found) & {*stage.units}


def is_reconciled(stage: Stage, report: DriftReport) -> bool:
    """Whether what was found is put right by itself: the environment says so, nobody is at work there, and it is new.

    What a reconcile has been begun for and what is still there is left to a person.
    """
    now = stage.standing()
    settled = now.verified == stage.release.id and not now.claim and not now.blocked
    tried_not = untried(stage.ledger.entries(stage.environment.name), report.open)
    return stage.environment.reconcile and settled and bool(tried_not)


def _counts(report: DriftReport) -> str:
    unanswered = f", {len(report.errored)} could not be asked" if report.errored else ""
    return f"{len(report.units)} units, {len(report.drifted)} objects drifted{unanswered}"
