"""Going back on purpose: an environment is put on a release that was verified there before."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import BackTo, EnvironmentName
from flows.promote import advance
from flows.recovery import recover_if_abandoned
from tasks import steps
from tasks.domain.errors import ApprovalWanted
from tasks.notifications import notifications
from tasks.promotion.approvals import Request
from tasks.promotion.rollback import reject


@flow(name="rollback", flow_run_name="roll back {environment}", **options.FLOW)
def rollback(environment: EnvironmentName, to: BackTo = None) -> str | Request:
    """Put an environment on an earlier release, planned, tested and smoke-checked like any other. Its id.

    Returns the request when the environment wants an approval. Neither windows nor freezes hold it up.
    """
    recover_if_abandoned(environment)
    release = steps.earlier_release(environment, to)
    try:
        with steps.claimed(release, environment, "roll back to") as run:
            left = run.state().verified
            advance(run, "roll back")
            reject(run, left, "rolled back by hand")
    except ApprovalWanted as wanted:
        return steps.waiting(wanted)  # type: ignore[return-value]  # Prefect hands on what the state holds.
    told = notifications.went_back(environment, left, release, run.settings.acting, steps.run_address())
    steps.tell(told)
    return release
