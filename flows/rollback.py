"""Returns an environment to a release that was verified there before."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import BackTo, EnvironmentName
from tasks import steps
from tasks.promotion import operations
from tasks.promotion.approval_requests import Request


@flow(name="rollback", flow_run_name="roll back {environment}", **options.FLOW)
@steps.remembered
def rollback(environment: EnvironmentName, to: BackTo = None) -> str | Request:
    """Return an environment to an earlier release: planned, tested and checked like a promotion. Returns its id.

    Returns the request if the environment needs an approval. Windows and freezes do not apply.
    """
    with steps.session() as session:
        done = operations.roll_back(*session, environment, to)
    return steps.finished(done)  # type: ignore[no-any-return]
