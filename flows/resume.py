"""Goes on with a promotion that is paused, since its analysis is inconclusive."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import EnvironmentName, WhyContinue
from tasks import steps
from tasks.promotion import operations
from tasks.promotion.approvals import Request


@flow(name="continue", flow_run_name="continue {environment}", **options.FLOW)
@steps.remembered
def resume(environment: EnvironmentName, reason: WhyContinue = "") -> str | Request:
    """Accept what was measured, and go on with the release; its id.

    Returns the request when what is left to apply waits for an approval.
    """
    with steps.session() as session:
        done = operations.resume(*session, environment, reason)
    return steps.finished(done)  # type: ignore[no-any-return]
