"""Adopts what exists in an environment before the first promotion. Applies nothing."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import flow

from flows import options
from flows.parameters import NOT_CHOSEN, EnvironmentName, ReleaseId, UnitName
from tasks import steps
from tasks.promotion import operations
from tasks.promotion.adoption import Adopted


@flow(name="adopt", flow_run_name="adopt {environment}", **options.FLOW)
@steps.remembered
def adopt(
    release: ReleaseId = NOT_CHOSEN, environment: EnvironmentName = NOT_CHOSEN, unit: UnitName = None
) -> Sequence[Adopted]:
    """Record what exists of an environment's units, so that no rollback ever removes it.

    Lists what will be imported, too.
    """
    with steps.session() as session:
        return operations.adopt(*session, release, environment, unit)
