"""Putting drift right: the verified release is promoted again, for the units that are not as it applied them."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import EnvironmentName
from flows.promote import advance
from flows.recovery import recover_if_abandoned
from tasks import steps
from tasks.domain.errors import ApprovalWanted
from tasks.drift import RECONCILE, drifting
from tasks.promotion.approvals import Request


@flow(name="reconcile", flow_run_name="reconcile {environment}", **options.FLOW)
def reconcile(environment: EnvironmentName) -> tuple[str, ...] | Request:
    """Put right what the last report found and nothing suppresses, under the same policies and gate. The units.

    Returns the request when the environment wants an approval.
    """
    recover_if_abandoned(environment)
    try:
        with steps.claimed(steps.verified_release(environment), environment, RECONCILE) as run:
            run.drifting = drifting(run)
            advance(run, "reconcile")
            return tuple(sorted(run.drifting))
    except ApprovalWanted as wanted:
        return steps.waiting(wanted)  # type: ignore[return-value]  # Prefect hands on what the state holds.
