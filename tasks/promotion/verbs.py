"""The verbs of a promotion: plan, test, apply, smoke. Each takes a stage and records what it did.

The order of the verbs is told in `flows.promote`; here is what each of them means. The rules:

- A unit is up to date when its digest and its inputs equal its receipt's and its checks passed on it.
- Before an apply its intent is in the ledger; a run that dies leaves it there for the next one to put back.
- A verb raises `Refused` for a no and `Unanswered` for no answer. Only a no, after something was attempted,
  leads to a rollback.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import structlog

from tasks import aws, checks
from tasks.domain import environment_graph, wording
from tasks.domain.environment_graph import Eligibility
from tasks.domain.errors import EnvironmentClosed, FlowmartError, InvalidInput, Refused, StalePlan, Unanswered
from tasks.domain.events import (
    PlanDenied,
    ReleaseVerified,
    UnitApplied,
    UnitApplyFailed,
    UnitApplying,
    UnitEvent,
    UnitPlanned,
    UnitSmoked,
)
from tasks.domain.outcome import Applied, CheckResult, Outcome, overall
from tasks.domain.plan import Plan
from tasks.domain.release import Inputs, Receipt, Target
from tasks.domain.rules import Finding
from tasks.ledger.chain import Ledger
from tasks.ledger.state import EnvironmentState, environment_state, verified_in
from tasks.policy.rego import Purpose
from tasks.promotion import gate
from tasks.promotion.claims import refuse_if_taken
from tasks.promotion.environment_run import EnvironmentRun, checkouts
from tasks.promotion.gate import PlanSet
from tasks.settings import Settings

log = structlog.get_logger("flowmart.promotion")


@dataclass(frozen=True)
class NotPlanned:
    """A unit for which there is no plan, and why: it is up to date, or (`later`) waits for outputs of others."""

    unit: str
    why: str
    later: bool = False


def get_ready_to_test(run: EnvironmentRun) -> None:
    """While the units are planned, load the policies: it takes about 0.2 s."""
    _in_background(lambda: run.policies)


def get_ready_to_ask(run: EnvironmentRun) -> None:
    """While the first units are applied, make the clients that smoke checks ask with: it takes up to 0.6 s."""

    def reach() -> None:
        for unit in run.units:
            for service in checks.services(run.unit(unit).checks):
                aws.client(service, run.access(unit).reader())

    _in_background(reach)


def _in_background(load: Callable[[], object]) -> None:
    """Nothing depends on it: what goes wrong here goes wrong again, and is told, where it is needed."""

    def quietly() -> None:
        with suppress(FlowmartError):
            load()

    threading.Thread(target=quietly, daemon=True).start()


def plan(run: EnvironmentRun, unit: str, upstream: Mapping[str, Plan | NotPlanned]) -> Plan | NotPlanned:
    """Plan a unit with what is known now, and record what it would do.

    `upstream` are plans of units that it takes outputs from: what these will be is used where it is known already.
    """
    found = run.state()
    foreseen = {name: p.outputs for name, p in upstream.items() if isinstance(p, Plan) and p.outputs is not None}
    inputs = run.inputs(unit, found.receipts, foreseen)
    missing = [name for name, outputs in inputs.upstream.items() if outputs is None]
    if missing:
        run.engine(run.target(unit)).validate()
        return NotPlanned(unit, f"is planned once {' and '.join(missing)} have outputs", later=True)
    if unit not in run.drifting and _is_up_to_date(run, unit, found, inputs):
        told_of(run, unit).info("up to date")
        return NotPlanned(unit, "is up to date")
    made = run.engine(run.target(unit)).plan(inputs)
    record(run, made.target, UnitPlanned, counts=made.counts, digest=made.digest)
    told_of(run, unit).info("planned", what=wording.planned(made))
    return made


def moves(plan: Plan | NotPlanned) -> bool:
    """Whether what others read from this unit may change: it has a plan with changes, or none yet."""
    return plan.later if isinstance(plan, NotPlanned) else not plan.empty


def plan_set(run: EnvironmentRun, plans: Mapping[str, Plan | NotPlanned]) -> PlanSet:
    """What would be done to an environment, and which units are planned again on the way, after which others.

    That is every unit below one whose outputs may change in a way that is not known yet.
    """
    later: dict[str, list[str]] = {}
    for unit in run.units:
        waits = [need for need in run.unit(unit).needs if need in later or _gives_unknown(plans[need])]
        if waits:
            later[unit] = waits
    return PlanSet([plan for plan in plans.values() if isinstance(plan, Plan)], later)


def _gives_unknown(plan: Plan | NotPlanned) -> bool:
    return moves(plan) and (isinstance(plan, NotPlanned) or plan.outputs is None)


def refuse_out_of_order(run: EnvironmentRun, again: bool) -> None:
    """Refuse a release that is not eligible here, and one that was rejected here unless it is asked for `again`.

    Raises:
        Refused: the release is not verified in every environment that comes before, or was rejected here.
        EnvironmentClosed: the soak time is not over.
    """
    name, release = run.environment.name, run.release.id
    found = eligibility(run)
    if found.waits_for:
        missing = ", ".join(found.waits_for)
        raise Refused(f"{name}: release {release} is not verified in {missing}; promote it there first")
    if found.soaks_until:
        raise EnvironmentClosed(f"{name}: release {release} {found}; promote it then")
    if release in run.state().rejected and not again:
        raise Refused(f"{name}: release {release} was rejected here; mend it, or promote it with --again")


def eligibility(run: EnvironmentRun) -> Eligibility:
    """Whether the release may begin in the environment, as the ledger has it now."""
    states = (environment_state(name, run.ledger.entries(name)) for name in run.environment.after)
    return environment_graph.eligibility(run.environment, run.release.id, verified_in(states), datetime.now(UTC))


def is_there(run: EnvironmentRun) -> bool:
    """Whether the release is verified here and asks nothing that is not there and good already."""
    found = run.state()
    if found.verified != run.release.id or found.claim or found.blocked:
        return False
    return all(_is_up_to_date(run, unit, found, run.inputs(unit, found.receipts)) for unit in run.units)


def unfinished(settings: Settings, release: str, to: str | None) -> list[str]:
    """The environments up to `to` (None: all), in order, in which promoting would do anything.

    Up to an environment means: all that a release passes before it, and itself.
    `EnvironmentBlocked` when one of them waits for a person: nothing should be begun on the way there.
    """
    with checkouts(settings) as found:
        checkout = found.of(release)
        after = checkout.platform.after
        if to is not None and to not in after:
            raise InvalidInput(f"environment {to}: the release has {', '.join(after)}")
        wanted = environment_graph.path(after, to)
        ledger = Ledger(found.store, settings.acting)
        runs = (EnvironmentRun(settings, ledger, found, release, name) for name in wanted)
        waiting = [run for run in runs if not is_there(run)]
        for run in waiting:
            if run.state().blocked:
                refuse_if_taken(run.state())
        return [run.environment.name for run in waiting]


def _is_good(run: EnvironmentRun, unit: str, found: EnvironmentState) -> bool:
    receipt = found.receipts.get(unit)
    return receipt is not None and unit in found.smoked and receipt.unit_digest == run.unit_digest(unit)


def _is_up_to_date(run: EnvironmentRun, unit: str, found: EnvironmentState, inputs: Inputs) -> bool:
    return _is_good(run, unit, found) and found.receipts[unit].inputs_digest == inputs.digest


def test(run: EnvironmentRun, plan: Plan) -> tuple[Finding, ...]:
    """Hold a plan against the release's policies; `Refused` names every denial."""
    found = findings(run, plan)
    denials = [finding for finding in found if finding.denied]
    if denials:
        record(run, plan.target, PlanDenied, findings=tuple(denials))
        told = "\n".join(f"  {finding.policy}: {finding.message}" for finding in denials)
        raise Refused(f"{plan.target}: denied by policy\n{told}")
    told_of(run, plan.target.unit).info("tested", what=f"{len(found)} findings" if found else "no objection")
    return found


def apply(run: EnvironmentRun, plan: Plan) -> Receipt:
    """Record the intent, apply exactly what was planned, record the receipt. Never tried twice."""
    if run.halted.is_set():
        raise Refused(f"{plan.target}: not begun, since another unit of this promotion failed")
    gate.refuse_uncovered(run, plan)
    plan, applied = _apply_fresh(run, plan)
    if applied.outcome is not Outcome.SUCCEEDED:
        run.halted.set()
        record(run, plan.target, UnitApplyFailed, detail=applied.detail)
        told_of(run, plan.target.unit).error("apply FAILED", what=applied.detail.splitlines()[0])
        raise Refused(f"{plan.target}: apply failed\n{applied.detail}")
    receipt = _receipt(plan, applied)
    entry = record(run, plan.target, UnitApplied, receipt=receipt)
    told_of(run, plan.target.unit).info("applied", what=wording.counts(plan), receipt=entry)
    return replace(receipt, id=entry)


def ask(run: EnvironmentRun, receipt: Receipt) -> tuple[CheckResult, ...]:
    """Ask all smoke checks of a unit at the same time, with read-only credentials; answers in declared order."""
    asked = run.unit(receipt.target.unit).checks
    if not asked:
        return ()
    access = run.access(receipt.target.unit, receipt.target.release)
    around = checks.Surroundings(
        client=lambda service: aws.client(service, access.reader()),
        outputs=receipt.outputs,
        folder=run.checkout(receipt.target.release).infrastructure,
        variables=access.reading(),
        processes=run.processes,
    )
    within = max(check.within for check in asked)
    told_of(run, receipt.target.unit).info("asking", what=f"{len(asked)} checks, for up to {within:g} s")
    with ThreadPoolExecutor(max_workers=len(asked)) as pool:
        return tuple(pool.map(lambda check: checks.run(check, around), asked))


def judge(run: EnvironmentRun, receipt: Receipt, results: Sequence[CheckResult]) -> None:
    """Record the answers. `Refused` when one said no, `Unanswered` when one could not be asked."""
    outcome = overall(result.outcome for result in results)
    record(run, receipt.target, UnitSmoked, outcome=outcome, results=tuple(results))
    bad = [result for result in results if result.outcome is outcome]
    told = "\n".join(f"  {result.name}: expected {result.expected}, found {result.found}" for result in bad)
    if outcome is Outcome.FAILED:
        run.halted.set()
        told_of(run, receipt.target.unit).error("smoke FAILED", what="; ".join(result.name for result in bad))
        raise Refused(f"{receipt.target}: smoke check failed\n{told}")
    if outcome is Outcome.UNANSWERED:
        raise Unanswered(f"{receipt.target}: smoke check could not be asked\n{told}")
    if results:
        told_of(run, receipt.target.unit).info("smoke passed", what=f"{len(results)} checks")


def verify(run: EnvironmentRun) -> None:
    """All units are there and good: the release is verified here, and the next environment may begin.

    The ledger is asked once more: `Refused` names the units of which it does not know that.
    """
    found = run.state()
    missing = [unit for unit in run.units if not _is_good(run, unit, found)]
    if missing:
        raise Refused(f"{run.environment.name}: no checks have passed on {', '.join(missing)}; promote again")
    for unit in found.receipts.keys() - {*run.units}:
        told_of(run, unit).warning("left behind", what="no longer declared; it stays until it is removed by hand")
    rules = gate.rules_of(run.environment)
    run.ledger.append(run.environment.name, ReleaseVerified(release=run.release.id, rules=rules))
    log.info("verified", release=run.release.id, environment=run.environment.name)


def findings(run: EnvironmentRun, plan: Plan, purpose: Purpose = "promote") -> tuple[Finding, ...]:
    """What the release's policies have to say about a plan."""
    unit = run.unit(plan.target.unit, plan.target.release)
    return run.policies.test(plan, unit, run.overrides, datetime.now(UTC), purpose)


def _apply_fresh(run: EnvironmentRun, plan: Plan) -> tuple[Plan, Applied]:
    """Apply a plan under its recorded intent; once more from a new, tested plan when this one is stale."""
    if there := _as_it_was(run, plan):
        return plan, there
    record(
        run, plan.target, UnitApplying, plan=plan.digest, creates=tuple(sorted(plan.created)), baseline=plan.baseline
    )
    told_of(run, plan.target.unit).info("applying", what=wording.counts(plan))
    try:
        return plan, run.engine(plan.target).apply(plan)
    except StalePlan as error:
        told_of(run, plan.target.unit).warning("plan is stale", why=str(error))
    inputs = run.inputs(plan.target.unit, run.state().receipts)
    newer = run.engine(plan.target).plan(inputs)
    test(run, newer)
    gate.refuse_uncovered(run, newer)
    return newer, run.engine(plan.target).apply(newer)


def _as_it_was(run: EnvironmentRun, plan: Plan) -> Applied | None:
    """What an empty plan comes to, where the receipt is known to tell what is there: it was found good."""
    found = run.state()
    receipt = found.receipts.get(plan.target.unit)
    good = plan.empty and receipt is not None and plan.target.unit in found.smoked
    return Applied(Outcome.SUCCEEDED, receipt.outputs) if receipt is not None and good else None


def _receipt(plan: Plan, applied: Applied) -> Receipt:
    return Receipt("", plan.target, plan.unit_digest, plan.inputs_digest, plan.digest, applied.outputs, "")


def record(run: EnvironmentRun, target: Target, kind: type[UnitEvent], **fields: Any) -> str:
    """Write what happened to a unit into the ledger; the entry's id."""
    event = kind(unit=target.unit, release=target.release, **fields)
    return run.ledger.append(run.environment.name, event).id


def told_of(run: EnvironmentRun, unit: str) -> Any:
    """The logger of a unit: its events say which unit, where, and of which release."""
    return log.bind(release=run.release.id, environment=run.environment.name, unit=unit)
