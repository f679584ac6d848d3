"""Adopts what exists in an environment before the first promotion. Applies nothing."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import NOT_CHOSEN, EnvironmentName, ReleaseId, UnitName
from tasks import steps
from tasks.promotion import operations


@flow(name="adopt", flow_run_name="adopt {environment}", **options.FLOW)
def adopt(
    release: ReleaseId = NOT_CHOSEN, environment: EnvironmentName = NOT_CHOSEN, unit: UnitName = None
) -> dict[str, str]:
    """Record what exists of an environment's units, so that no rollback ever removes it; {unit: what exists}."""
    with steps.session() as session:
        adopted = operations.adopt(*session, release, environment, unit)
    return {one.unit: one.baseline.description for one in adopted}
