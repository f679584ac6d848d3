"""What a release would do to an environment. Reads only: no claim, no apply."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import NOT_CHOSEN, EnvironmentName, ReleaseId
from flows.promote import plan_and_test
from tasks import steps
from tasks.domain.plan import Plan
from tasks.promotion.verbs import NotPlanned


@flow(name="plan", flow_run_name="plan {release} in {environment}", **options.FLOW)
def plan(release: ReleaseId = NOT_CHOSEN, environment: EnvironmentName = NOT_CHOSEN) -> dict[str, Plan | NotPlanned]:
    """Plan and test all units of an environment; {unit: its plan, or why there is none}."""
    with steps.opened(release, environment) as run:
        planned, tested = plan_and_test(run)
        steps.stop(steps.failures([*planned.values(), *tested.values()]))
        return {unit: future.result() for unit, future in planned.items()}
