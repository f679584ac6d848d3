"""Putting drift right: the verified release is promoted again, for the units that are not as it applied them."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.promote import Approval, EnvironmentName, advance
from flows.recovery import recover_if_abandoned
from tasks import steps
from tasks.drift import RECONCILE, drifting


@flow(name="reconcile", flow_run_name="reconcile {environment}", **options.FLOW)
def reconcile(environment: EnvironmentName, approve: Approval = None) -> tuple[str, ...]:
    """Put right what the last report found and nothing suppresses, under the same policies and gate. The units."""
    recover_if_abandoned(environment)
    with steps.claimed(steps.verified_release(environment), environment, RECONCILE) as stage:
        stage.drifting = drifting(stage)
        advance(stage, approve)
        return tuple(sorted(stage.drifting))
