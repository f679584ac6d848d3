"""Compares every unit of an environment with what was applied, and repairs drift on request."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import EnvironmentName, Repair
from flows.reconcile import reconcile
from tasks import drift as drifting
from tasks import steps
from tasks.domain.errors import NotFound
from tasks.drift import DriftReport, is_reconciled
from tasks.promotion import pauses
from tasks.promotion.environment_run import opened
from tasks.promotion.promotion import stop


@flow(name="drift", flow_run_name="drift in {environment}", **options.FLOW)
@steps.remembered
def drift(environment: EnvironmentName, repair: Repair = False) -> DriftReport | None:
    """Report what somebody changed in an environment since the last apply; after a repair, what is left of it.

    A unit that did not respond is in the report, and its error ends the flow after the report is recorded. A paused
    analysis is evaluated again first. Returns None if nothing was promoted yet: schedules start before releases do.
    """
    with steps.session() as session:
        pauses.look_again(*session, environment)
        try:
            release = session.history.current_release(environment)
        except NotFound:
            return None
        with opened(session.runtime, release, environment) as run:
            report, errors = drifting.compare(run, session.executor)
            wanted = is_reconciled(run, report) or (repair and bool(report.open))
        if wanted:
            steps.call(reconcile, environment)
            current = session.history.current_release(environment)
            with opened(session.runtime, current, environment) as run:
                report, errors = drifting.compare(run, session.executor)
    stop(errors)
    return report
