"""Asking the engines what somebody changed, and recording it. Reads only, but for the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from tasks.domain.errors import Unanswered
from tasks.domain.plan import Change, Plan
from tasks.domain.values import digest_of
from tasks.drift import drifted_objects
from tasks.drift.reports import DriftReport, event_of, judge, report_of, unexplained, untried
from tasks.ledger.state import left_behind
from tasks.promotion.environment_run import EnvironmentRun
from tasks.promotion.executor import Executor, Verb, errors_by_name, raise_mistakes

log = structlog.get_logger("flowmart.drift")


def detect(run: EnvironmentRun, unit: str) -> Plan | None:
    """What differs from the unit's receipt; None for a unit that was never applied here.

    `Unanswered` while a promotion is at work on the unit: what it changes is not done by hand.
    """
    receipt = run.state().receipts.get(unit)
    if receipt is None:
        return None
    with run.turns:
        found = _without_residual(
            run.engine(receipt.target).detect_drift(receipt), run.state().residual.get(unit, ())
        )
    now = run.state()
    if (now.claim and unit in now.attempted) or now.receipts.get(unit) != receipt:
        raise Unanswered(f"{receipt.target}: a promotion is at work on it; it is compared again by the next report")
    return found


def _without_residual(found: Plan, residual: Sequence[Change]) -> Plan:
    """The plan without the differences that were there right after the apply already: nobody made those."""
    known = {digest_of([change.address, change.after]) for change in residual}
    left = tuple(change for change in found.changes if digest_of([change.address, change.after]) not in known)
    return replace(found, changes=left)


DETECT = Verb("detect drift", detect, reads=True)


def compare(run: EnvironmentRun, executor: Executor) -> tuple[DriftReport, Sequence[Exception]]:
    """Ask all units at once, then record and report what was found; with the errors of units without an answer."""
    asked = {unit: executor.submit(DETECT, run, unit) for unit in run.units}
    raised = errors_by_name(asked)
    raise_mistakes(raised.values())
    found = [plan for unit, step in asked.items() if unit not in raised and (plan := step.result())]
    return report(run, found, raised), tuple(raised.values())


def report(run: EnvironmentRun, found: Sequence[Plan], unanswered: Mapping[str, Exception]) -> DriftReport:
    """Put the plans of an environment's units into one report, judge it by the earlier ones, and record it.

    The ledger decides between two reports that are made at once: the later one knows of the earlier.
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
    )
    entry = run.ledger.append(
        seen.environment, lambda state: event_of(judge(seen, state.drift, run.suppressions, now))
    )
    made = report_of(entry)
    log.info("compared", environment=made.environment, what=_counts(made))
    run.reporter.drifted(made)
    return made


def drifting(run: EnvironmentRun) -> frozenset[str]:
    """The units of the run that drifted and that no suppression covers, as far as the ledger knows."""
    found = unexplained(run.state(), run.suppressions, run.clock.now())
    return frozenset(item.unit for item in found) & {*run.units}


def is_reconciled(run: EnvironmentRun, report: DriftReport) -> bool:
    """Whether the drift is repaired at once: the environment says so, nobody is at work there, and it is new.

    What a reconcile has been begun for and what is still there is left to a person.
    """
    now = run.state()
    settled = now.verified == run.release.id and not now.claim and not now.blocked
    tried_not = untried(now.drift, report.open)
    return run.environment.reconcile and settled and bool(tried_not)


def _counts(report: DriftReport) -> str:
    unanswered = f", {len(report.unanswered)} did not respond" if report.unanswered else ""
    return f"{len(report.units)} units, {len(report.drifted)} objects drifted{unanswered}"
