"""Repairs drift: the verified release is promoted again for the units that are not as it applied them."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import EnvironmentName
from tasks import steps
from tasks.promotion import operations
from tasks.promotion.approvals import Request


@flow(name="reconcile", flow_run_name="reconcile {environment}", **options.FLOW)
@steps.remembered
def reconcile(environment: EnvironmentName) -> tuple[str, ...] | Request:
    """Repair what the last report found and nothing suppresses, under the same policies and gate. The units.

    Returns the request when the environment wants an approval.
    """
    with steps.session() as session:
        done = operations.reconcile(*session, environment)
    return steps.finished(done)  # type: ignore[no-any-return]
