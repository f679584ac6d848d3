"""Plans what a release would do to an environment. Reads only: no claim, no apply."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import NOT_CHOSEN, EnvironmentName, ReleaseId
from tasks import steps
from tasks.promotion import promotion
from tasks.promotion.environment_run import opened
from tasks.promotion.executor import errors
from tasks.promotion.planning import Planned


@flow(name="plan", flow_run_name="plan {release} in {environment}", **options.FLOW)
@steps.remembered
def plan(release: ReleaseId = NOT_CHOSEN, environment: EnvironmentName = NOT_CHOSEN) -> dict[str, Planned]:
    """Plan and test all units of an environment; {unit: its plan, or why there is none}."""
    with steps.session() as session, opened(session.runtime, release, environment) as run:
        planned, tested = promotion.plan_and_test(run, session.executor)
        promotion.stop(errors([*planned.values(), *tested.values()]))
        return {unit: step.result() for unit, step in planned.items()}
