"""Promotes a release through all environments in order, each begun only when those before it are verified."""

from __future__ import annotations

from prefect import flow
from prefect.runtime import flow_run

from flows import options
from flows.parameters import NOT_CHOSEN, AcceptDrift, Despite, Force, ReleaseId, UpTo
from flows.promote import promote
from tasks import steps
from tasks.promotion import eligibility
from tasks.promotion.approvals import Request


def run_name() -> str:
    """ "release 3f2a1c", or "release 3f2a1c up to staging"."""
    asked = flow_run.parameters
    chosen = asked.get("release", NOT_CHOSEN).split()[:1]
    return " ".join(["release", *chosen]) + (f" up to {asked['to']}" if asked.get("to") else "")


@flow(name="release", flow_run_name=run_name, **options.FLOW)
@steps.remembered
def release(
    release: ReleaseId = NOT_CHOSEN,
    to: UpTo = None,
    force: Force = False,
    despite: Despite = None,
    accept_drift: AcceptDrift = None,
) -> list[str] | Request:
    """Promote a release through the environments in order. Returns those in which something had to be done.

    Ends at the first environment that wants an approval, and returns its request.
    """
    with steps.session() as session:
        environments = eligibility.unfinished(session.runtime, release, to)
    for environment in environments:
        wanted = steps.call(promote, release, environment, force, despite, accept_drift)
        if wanted is not None:
            return wanted
    return environments
