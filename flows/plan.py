"""Plans what a release would do to an environment. Changes nothing and takes no claim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prefect import flow

from flows import options
from flows.parameters import NOT_CHOSEN, EnvironmentName, ReleaseId
from tasks import steps
from tasks.promotion import gate, planning, promotion
from tasks.promotion.conditions import Verdict
from tasks.promotion.environment_run import opened
from tasks.promotion.executor import errors
from tasks.promotion.planning import Planned
from tasks.reports import artifacts


@dataclass(frozen=True)
class EnvironmentPlans:
    """The plan of each unit, or why there is none, and what the gate would decide about all of them."""

    units: Mapping[str, Planned]
    verdict: Verdict


@flow(name="plan", flow_run_name="plan {release} in {environment}", **options.FLOW)
@steps.remembered
def plan(release: ReleaseId = NOT_CHOSEN, environment: EnvironmentName = NOT_CHOSEN) -> EnvironmentPlans:
    """Plan and test all units of an environment, and tell whether the gate would wait for an approval."""
    with steps.session() as session, opened(session.runtime, release, environment) as run:
        planned, tested = promotion.plan_and_test(run, session.executor)
        promotion.stop(errors([*planned.values(), *tested.values()]))
        units = {unit: step.result() for unit, step in planned.items()}
        plans = planning.plan_set(run, units)
        verdict = gate.verdict(run, plans)
        page = artifacts.environment_plan(environment, run.release.id, plans, verdict)
        steps.publish(page.of(run.platform.name))
        return EnvironmentPlans(units, verdict)
