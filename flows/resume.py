"""Resumes a promotion that is paused because its analysis is inconclusive."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import EnvironmentName, WhyContinue
from tasks import steps
from tasks.promotion import operations
from tasks.promotion.approval_requests import Request


@flow(name="continue", flow_run_name="continue {environment}", **options.FLOW)
@steps.remembered
def resume(environment: EnvironmentName, reason: WhyContinue = "") -> str | Request:
    """Accept the measurements and resume the promotion. Returns the release's id.

    Returns the request if the rest needs an approval.
    """
    with steps.session() as session:
        done = operations.resume(*session, environment, reason)
    return steps.finished(done)  # type: ignore[no-any-return]
