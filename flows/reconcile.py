"""Repairs drift: promotes the verified release again for the units that drifted."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import EnvironmentName
from tasks import steps
from tasks.promotion import operations
from tasks.promotion.approval_requests import Request


@flow(name="reconcile", flow_run_name="reconcile {environment}", **options.FLOW)
@steps.remembered
def reconcile(environment: EnvironmentName) -> tuple[str, ...] | Request:
    """Repair the unsuppressed drift of the last report, under the same policies and gate. Returns the units.

    Returns the request if the environment needs an approval.
    """
    with steps.session() as session:
        done = operations.reconcile(*session, environment)
    return steps.finished(done)  # type: ignore[no-any-return]
