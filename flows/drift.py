"""Drift detection: every unit of an environment compared with what was applied, and put right where wanted."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import flow

from flows import options
from flows.parameters import EnvironmentName, PutRight
from flows.reconcile import reconcile
from tasks import steps
from tasks.domain.errors import NotFound
from tasks.drift import DriftReport, is_reconciled
from tasks.promotion.environment_run import EnvironmentRun


@flow(name="drift", flow_run_name="drift in {environment}", **options.FLOW)
def drift(environment: EnvironmentName, put_right: PutRight = False) -> DriftReport | None:
    """What somebody changed behind our back in an environment; what is left of it, where it was put right.

    A unit that could not be asked is in the report, and ends the flow with its error once that is recorded. None
    where nothing has been promoted yet: schedules begin before releases do.
    """
    try:
        release = steps.current_release(environment)
    except NotFound:
        return None
    with steps.opened(release, environment) as run:
        report, errors = compare(run)
        begin = is_reconciled(run, report) or (put_right and bool(report.open))
    if begin:
        reconcile(environment)
        with steps.opened(steps.current_release(environment), environment) as run:
            report, errors = compare(run)
    steps.stop(errors)
    return report


def compare(run: EnvironmentRun) -> tuple[DriftReport, Sequence[Exception]]:
    """Ask all units at once, and record and tell what was found; with the errors of those that could not be asked."""
    asked = {unit: steps.detect_drift.submit(run, unit) for unit in run.units}
    errors = steps.failures_by_name(asked)
    steps.raise_mistakes(tuple(errors.values()))
    found = [plan for unit, future in asked.items() if unit not in errors and (plan := future.result())]
    return steps.report_drift(run, found, errors), tuple(errors.values())
