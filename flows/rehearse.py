"""Rehearses a rollback of an environment in a scratch environment."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import EnvironmentName, RehearsedRelease
from tasks import steps
from tasks.ledger.state import RecordedRehearsal
from tasks.promotion import rehearsal
from tasks.promotion.rehearsal_pairs import NothingToRehearse


@flow(name="rehearse", flow_run_name="rehearse a rollback of {environment}", **options.FLOW)
@steps.remembered
def rehearse(environment: EnvironmentName, release: RehearsedRelease = None) -> RecordedRehearsal | str:
    """Rehearse a rollback of an environment and record the result, which approvals of the release show.

    Returns the reason in words if there is no earlier release: schedules start before releases do.
    """
    with steps.session() as session:
        try:
            return rehearsal.rehearse(*session, environment, release)
        except NothingToRehearse as error:
            return str(error)
