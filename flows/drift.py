"""Compares every unit of an environment with what was applied, and repairs drift where that is wanted."""

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
    """What somebody changed in an environment since the last apply; what is left of it, where it was repaired.

    A unit that gave no answer is in the report, and ends the flow with its error once the report is recorded. None
    where nothing has been promoted yet: schedules begin before releases do. What is paused is looked at again first.
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
