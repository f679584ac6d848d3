"""Runs drift detection in the engines and records the report. Reads only, except for the ledger entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from tasks.domain import wording
from tasks.domain.errors import Unanswered
from tasks.domain.plan import Plan
from tasks.domain.residual import drift_beyond
from tasks.drift import drifted_objects
from tasks.drift.reports import DriftReport, event_of, judge, report_of, unexplained, untried
from tasks.ledger.state import left_behind
from tasks.promotion.environment_run import EnvironmentRun
from tasks.promotion.executor import Executor, Verb, errors_by_name, raise_mistakes

log = structlog.get_logger("flowmart.drift")


def detect(run: EnvironmentRun, unit: str) -> Plan | None:
    """Compare a unit with its receipt.

    Returns:
        The differences as a plan; None for a unit that was never applied here.

    Raises:
        Unanswered: A promotion is changing the unit, so a difference may come from that promotion.
    """
    receipt = run.state().receipts.get(unit)
    if receipt is None:
        return None
    with run.turn(unit):
        found = run.engine(receipt.target).detect_drift(receipt)
        residual = run.state().residual.get(unit, ())
    now = run.state()
    if (now.claim and unit in now.attempt.units) or now.receipts.get(unit) != receipt:
        raise Unanswered(f"{receipt.target}: a promotion is changing this unit; the next drift report compares it")
    return replace(found, changes=drift_beyond(residual, found.changes))


DETECT = Verb("detect drift", detect, reads=True)


def compare(run: EnvironmentRun, executor: Executor) -> tuple[DriftReport, Sequence[Exception]]:
    """Compare all units in parallel, then record and report the result.

    Returns:
        The report, and the errors of the units that did not respond.
    """
    run.together = {unit: receipt.target.release for unit, receipt in run.state().receipts.items()}
    asked = {unit: executor.submit(DETECT, run, unit) for unit in run.units}
    raised = errors_by_name(asked)
    raise_mistakes(raised.values())
    found = [plan for unit, step in asked.items() if unit not in raised and (plan := step.result())]
    return report(run, found, raised), tuple(raised.values())


def report(run: EnvironmentRun, found: Sequence[Plan], unanswered: Mapping[str, Exception]) -> DriftReport:
    """Build a report from the plans of an environment's units and record it.

    The ledger orders simultaneous reports, so the later one is compared with the earlier one.

    Args:
        run: the environment run.
        found: the differences of each unit that was compared.
        unanswered: {unit: error} of the units that could not be compared.
    """
    now = run.clock.now()
    seen = DriftReport(
        environment=run.environment.name,
        release=run.release.id,
        at=now.isoformat(timespec="milliseconds"),
        units=tuple(plan.target.unit for plan in found),
        drifted=tuple(item for plan in found for item in drifted_objects.of(plan)),
        unanswered={unit: str(error) for unit, error in unanswered.items()},
        left_behind=left_behind(run.state(), run.release),
        remarks={plan.target.unit: plan.warnings for plan in found if plan.warnings},
    )
    entry = run.ledger.append(
        seen.environment, lambda state: event_of(judge(seen, state.drift, run.suppressions, now))
    )
    made = report_of(entry)
    log.info("compared", environment=made.environment, what=_counts(made))
    run.reporter.drifted(made)
    return made


def drifting(run: EnvironmentRun) -> frozenset[str]:
    """Return the units of the run with unsuppressed drift, according to the ledger."""
    found = unexplained(run.state(), run.suppressions, run.clock.now())
    return frozenset(item.unit for item in found) & {*run.units}


def is_reconciled(run: EnvironmentRun, report: DriftReport) -> bool:
    """Decide whether to reconcile now.

    The environment must enable it, the release must be verified, and no claim or block may hold the environment. Some
    drift must be newer than the last reconcile: what that could not repair is left to an operator.
    """
    now = run.state()
    settled = now.verified == run.release.id and not now.claim and not now.blocked
    return run.environment.reconcile and settled and bool(untried(now.drift, report.open))


def _counts(report: DriftReport) -> str:
    unanswered = f", {len(report.unanswered)} not compared" if report.unanswered else ""
    units, drifted = wording.number(len(report.units), "unit"), wording.number(len(report.drifted), "object")
    return f"{units}, {drifted} drifted{unanswered}"
