"""A release's whole way: every environment in order, each begun only when the one before it is verified."""

from __future__ import annotations

from prefect import flow
from prefect.runtime import flow_run

from flows import options
from flows.parameters import NOT_CHOSEN, AcceptDrift, Again, Despite, ReleaseId, UpTo
from flows.promote import promote
from tasks import settings
from tasks.promotion import verbs
from tasks.promotion.approvals import Request


def run_name() -> str:
    """ "release 3f2a1c", or "release 3f2a1c up to staging"."""
    asked = flow_run.parameters
    chosen = asked.get("release", NOT_CHOSEN).split()[:1]
    return " ".join(["release", *chosen]) + (f" up to {asked['to']}" if asked.get("to") else "")


@flow(name="release", flow_run_name=run_name, **options.FLOW)
def release(
    release: ReleaseId = NOT_CHOSEN,
    to: UpTo = None,
    again: Again = False,
    despite: Despite = None,
    accept_drift: AcceptDrift = None,
) -> list[str] | Request:
    """Promote a release through the environments in order. Returns those in which something had to be done.

    Ends at the first environment that wants an approval, and returns its request.
    """
    environments = verbs.unfinished(settings.load(), release, to)
    for environment in environments:
        wanted = promote(release, environment, again, despite, accept_drift)
        if wanted is not None:
            return wanted
    return environments
