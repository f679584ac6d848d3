"""Drift detection: every unit of an environment compared with what was applied. Reads only."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import EnvironmentName
from tasks import steps
from tasks.drift import DriftReport


@flow(name="drift", flow_run_name="drift in {environment}", **options.FLOW)
def drift(environment: EnvironmentName) -> DriftReport:
    """What somebody changed behind our back in an environment."""
    with steps.opened(steps.current_release(environment), environment) as stage:
        found = {unit: steps.detect_drift.submit(stage, unit) for unit in stage.units}
        steps.stop(steps.failures(found.values()))
        return steps.report_drift(stage, [plan for future in found.values() if (plan := future.result())])
