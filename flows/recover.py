"""Finishes or rolls back what an interrupted run began."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import EnvironmentName, RunIsOver
from tasks import steps
from tasks.promotion import recovery


@flow(name="recover", flow_run_name="recover {environment}", **options.FLOW)
@steps.remembered
def recover(environment: EnvironmentName, run_is_over: RunIsOver = False) -> bool:
    """Finish or roll back what an ended run left behind. Returns False if there is nothing to recover."""
    with steps.session() as session:
        return recovery.recover(*session, environment, run_is_over=run_is_over)
