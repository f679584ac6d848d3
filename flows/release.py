"""Promotes a release through environments, each once those before it are verified, in parallel where possible."""

from __future__ import annotations

from prefect import flow
from prefect.runtime import flow_run

from flows import options
from flows.parameters import NOT_CHOSEN, AcceptDrift, Despite, Fixes, Force, IntoIncident, ReleaseId, UpTo
from flows.promote import promote
from tasks import steps
from tasks.promotion import eligibility
from tasks.promotion.passage import Passage


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
    into_incident: IntoIncident = None,
    fixes: Fixes = None,
) -> Passage:
    """Promote a release through the environments in order, in parallel where they do not depend on each other.

    If an environment fails or waits for an approval, those after it are not promoted; the others are.
    """
    with steps.session() as session:
        environments = eligibility.unfinished(session.runtime, release, to)
    said = (force, despite, accept_drift, into_incident, fixes)
    return steps.side_by_side(environments, lambda name: steps.call(promote, release, name, *said))
