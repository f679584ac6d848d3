"""Going back on purpose: an environment is put on a release that was verified there before."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import Approval, BackTo, EnvironmentName
from flows.promote import advance
from flows.recovery import recover_if_abandoned
from tasks import steps
from tasks.rollback import reject


@flow(name="rollback", flow_run_name="roll back {environment}", **options.FLOW)
def rollback(environment: EnvironmentName, to: BackTo = None, approve: Approval = None) -> str:
    """Put an environment on an earlier release, planned, tested and smoke-checked like any other. Its id."""
    recover_if_abandoned(environment)
    release = steps.earlier_release(environment, to)
    with steps.claimed(release, environment, "roll back to") as stage:
        left = stage.standing().verified
        advance(stage, approve)
        reject(stage, left, "rolled back by hand")
    return release
