"""One environment: the DAG of plan, test, gate, apply, smoke and, when something says no, rollback.

    plan ─ test ┐         every unit at once, with what is known now
    plan ─ test ┼─ gate ─ apply ─ smoke ┐                     a unit once those it needs have passed,
    plan ─ test ┘                       └ (plan ─ test) ─ apply ─ smoke    planned again if they changed

Nothing is changed before every plan has passed its test. When an apply or a smoke check says no, nothing more is
begun, what is running ends, and every unit that was attempted is put back in reverse order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prefect import Task, flow
from prefect.futures import PrefectFuture

from flows import options
from flows.parameters import NOT_CHOSEN, AcceptDrift, Again, Despite, EnvironmentName, ReleaseId
from flows.recovery import put_back, recover_if_abandoned
from tasks import steps
from tasks.domain import graph
from tasks.domain.errors import ApprovalWanted, Unanswered
from tasks.domain.plan import Plan
from tasks.promotion import verbs
from tasks.promotion.approvals import Request
from tasks.promotion.environment_run import EnvironmentRun
from tasks.promotion.gate import Consent, Purpose
from tasks.promotion.verbs import NotPlanned

Future = PrefectFuture[Any]


@flow(name="promote", flow_run_name="promote {release} to {environment}", **options.FLOW)
def promote(
    release: ReleaseId = NOT_CHOSEN,
    environment: EnvironmentName = NOT_CHOSEN,
    again: Again = False,
    despite: Despite = None,
    accept_drift: AcceptDrift = None,
) -> Request | None:
    """Promote a release to one environment. It must be verified in the environment before this one.

    Returns the request when the environment wants an approval: then nothing was changed.
    """
    steps.release(release)  # What names no release is refused before anything is put back.
    recover_if_abandoned(environment)
    try:
        with steps.claimed(release, environment, "promote") as run:
            verbs.refuse_out_of_order(run, again)
            advance(run, "promote", Consent(despite, accept_drift))
    except ApprovalWanted as wanted:
        return steps.waiting(wanted)  # type: ignore[return-value]  # Prefect hands on what the state holds.
    return None


def advance(run: EnvironmentRun, purpose: Purpose, consent: Consent = Consent()) -> None:  # noqa: B008 (frozen)
    """From plans to a verified release, or back to where it was; or no further than to an `ApprovalWanted`."""
    planned, tested = plan_and_test(run)
    steps.stop(steps.failures([*planned.values(), *tested.values()]))
    plans = {unit: future.result() for unit, future in planned.items()}
    findings = [finding for future in tested.values() for finding in future.result()]
    if wanted := steps.gate(run, verbs.plan_set(run, plans), findings, consent, purpose):
        raise wanted
    verbs.get_ready_to_ask(run)
    futures = apply_and_smoke(run, plans, planned, tested)
    errors = steps.failures(futures)
    steps.end_what_never_began(futures)
    settle(run, errors)


def settle(run: EnvironmentRun, errors: Sequence[Exception]) -> None:
    """Verified when nothing failed. Back when something said no. As it is, for a person, when we got no answer."""
    steps.raise_mistakes(errors)
    begun = run.state().attempted or run.halted.is_set()
    if begun and any(not isinstance(error, Unanswered) for error in errors):
        raise put_back(run, steps.told(errors))
    steps.stop(errors)
    steps.verify(run)


def plan_and_test(run: EnvironmentRun) -> tuple[dict[str, Future], dict[str, Future]]:
    """Plan and test all units at once, with what is known now: a unit whose inputs name others after these."""
    planned: dict[str, Future] = {}
    for unit in run.units:
        planned[unit] = begin(steps.plan, run, unit, {name: planned[name] for name in run.sources(unit)})
    return planned, {unit: begin(steps.test, run, unit, plan) for unit, plan in planned.items()}


def apply_and_smoke(
    run: EnvironmentRun,
    plans: Mapping[str, Plan | NotPlanned],
    planned: Mapping[str, Future],
    tested: Mapping[str, Future],
) -> list[Future]:
    """Each unit as soon as those it needs have passed; planned again first where those may have changed."""
    needs = {unit: run.unit(unit).needs for unit in run.units}
    moving = set(graph.affected(needs, {unit for unit, plan in plans.items() if verbs.moves(plan)}))
    futures: list[Future] = []
    smoked: dict[str, Future] = {}
    for unit in run.units:
        before = [smoked[need] for need in needs[unit]]
        plan, test = planned[unit], tested[unit]
        if moving.intersection(needs[unit]):
            plan = begin(steps.plan, run, unit, {}, after=before)
            test = begin(steps.test, run, unit, plan)
        applied = begin(steps.apply, run, unit, plan, after=[test, *before])
        smoked[unit] = begin(steps.smoke, run, unit, applied)
        futures += [plan, test, applied, smoked[unit]]
    return futures


def begin(step: Task[..., Any], *arguments: object, after: Sequence[Future] = ()) -> Future:
    """Start a step as soon as its arguments and the steps `after` which it comes have succeeded."""
    return step.submit(*arguments, wait_for=after, return_state=False)
