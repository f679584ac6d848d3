"""Promotes a release to one environment. `tasks.promotion.promotion` has the order of the steps."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import NOT_CHOSEN, AcceptDrift, Despite, EnvironmentName, Fixes, Force, IntoIncident, ReleaseId
from tasks import steps
from tasks.promotion import operations
from tasks.promotion.approval_requests import Request
from tasks.promotion.gate import Consent


@flow(name="promote", flow_run_name="promote {release} to {environment}", **options.FLOW)
@steps.remembered
def promote(
    release: ReleaseId = NOT_CHOSEN,
    environment: EnvironmentName = NOT_CHOSEN,
    force: Force = False,
    despite: Despite = None,
    accept_drift: AcceptDrift = None,
    into_incident: IntoIncident = None,
    fixes: Fixes = None,
) -> Request | None:
    """Promote a release to one environment. It must be verified in the environments before this one.

    Returns the request if the environment needs an approval: then nothing was changed.
    """
    with steps.session() as session:
        consent = Consent(despite, accept_drift, into_incident, fixes)
        wanted = operations.promote(*session, release, environment, force=force, consent=consent)
    return steps.finished(wanted)  # type: ignore[no-any-return]
