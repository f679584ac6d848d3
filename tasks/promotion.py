"""The verbs of a promotion: plan, test, apply, smoke. Each takes a stage and records what it did.

The order of the verbs is told in `flows.promote`; here is what each of them means. The rules:

- A unit is up to date when its digest and its inputs equal its receipt's and its checks passed on it.
- Before an apply its intent is in the ledger; a run that dies leaves it there for the next one to put back.
- A verb raises `Refused` for a no and `CouldNotAsk` for no answer. Only a no, after something was attempted,
  leads to a rollback.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import structlog

from tasks import aws, checks, gate, wording
from tasks.claims import refuse_if_taken
from tasks.errors import CouldNotAsk, FlowmartError, InvalidInput, Refused, StalePlan
from tasks.gate import PlanSet
from tasks.ledger import Ledger
from tasks.model import (
    Applied,
    CheckResult,
    Finding,
    Inputs,
    Outcome,
    Plan,
    Receipt,
    Target,
    overall,
)
from tasks.policy import Purpose
from tasks.settings import Settings
from tasks.stage import Stage, checkouts
from tasks.standing import Standing, standing

log = structlog.get_logger("flowmart.promotion")


@dataclass(frozen=True)
class NotPlanned:
    """A unit for which there is no plan, and why: it is up to date, or (`later`) waits for outputs of others."""

    unit: str
    why: str
    later: bool = False


def get_ready_to_test(stage: Stage) -> None:
    """While the units are planned, load the policies: it takes about 0.2 s."""
    _in_background(lambda: stage.policies)


def get_ready_to_ask(stage: Stage) -> None:
    """While the first units are applied, make the clients that smoke checks ask with: it takes up to 0.6 s."""

    def reach() -> None:
        for service in checks.services(check for unit in stage.units for check in stage.unit(unit).checks):
            aws.client(service, stage.reader())

    _in_background(reach)


def _in_background(load: Callable[[], object]) -> None:
    """Nothing depends on it: what goes wrong here goes wrong again, and is told, where it is needed."""

    def quietly() -> None:
        with suppress(FlowmartError):
            load()

    threading.Thread(target=quietly, daemon=True).start()


def plan(stage: Stage, unit: str, upstream: Mapping[str, Plan | NotPlanned]) -> Plan | NotPlanned:
    """Plan a unit with what is known now, and record what it would do.

    `upstream` are plans of units that it takes outputs from: what these will be is used where it is known already.
    """
    found = stage.standing()
    foreseen = {name: p.outputs for name, p in upstream.items() if isinstance(p, Plan) and p.outputs is not None}
    inputs = stage.inputs(unit, found.receipts, foreseen)
    missing = [name for name, outputs in inputs.upstream.items() if outputs is None]
    if missing:
        stage.engine(unit).prepare(stage.target(unit))
        return NotPlanned(unit, f"is planned once {' and '.join(missing)} have outputs", later=True)
    if unit not in stage.drifting and _is_up_to_date(stage, unit, found, inputs):
        told_of(stage, unit).info("up to date")
        return NotPlanned(unit, "is up to date")
    made = stage.engine(unit).plan(stage.target(unit), inputs)
    record(stage, "planned", made.target, counts=made.counts, digest=made.digest)
    told_of(stage, unit).info("planned", what=wording.planned(made))
    return made


def moves(plan: Plan | NotPlanned) -> bool:
    """Whether what others read from this unit may change: it has a plan with changes, or none yet."""
    return plan.later if isinstance(plan, NotPlanned) else not plan.empty


def plan_set(stage: Stage, plans: Mapping[str, Plan | NotPlanned]) -> PlanSet:
    """What would be done to an environment, and which units are planned again on the way, after which others.

    That is every unit below one whose outputs may change in a way that is not known yet.
    """
    later: dict[str, list[str]] = {}
    for unit in stage.units:
        waits = [need for need in stage.unit(unit).needs if need in later or _gives_unknown(plans[need])]
        if waits:
            later[unit] = waits
    return PlanSet([plan for plan in plans.values() if isinstance(plan, Plan)], later)


def _gives_unknown(plan: Plan | NotPlanned) -> bool:
    return moves(plan) and (isinstance(plan, NotPlanned) or plan.outputs is None)


def refuse_out_of_order(stage: Stage, again: bool) -> None:
    """A release begins where it is verified before, and does not come back by itself where it was rejected."""
    name, release, before = stage.environment.name, stage.release.id, stage.environment.after
    if before and standing(before, stage.ledger.entries(before)).verified != release:
        raise Refused(f"{name}: release {release} is not verified in {before}; promote it there first")
    if release in stage.standing().rejected and not again:
        raise Refused(f"{name}: release {release} was rejected here; mend it, or promote it with --again")


def is_there(stage: Stage) -> bool:
    """Whether the release is verified here and asks nothing that is not there and good already."""
    found = stage.standing()
    if found.verified != stage.release.id or found.claim or found.blocked:
        return False
    return all(_is_up_to_date(stage, unit, found, stage.inputs(unit, found.receipts)) for unit in stage.units)


def unfinished(settings: Settings, release: str, to: str | None) -> list[str]:
    """The environments up to and with `to` (None: all), in order, in which promoting would do anything.

    `EnvironmentBlocked` when one of them waits for a person: nothing should be begun on the way there.
    """
    with checkouts(settings) as found:
        checkout = found.of(release)
        names = [environment.name for environment in checkout.platform.environments]
        if to is not None and to not in names:
            raise InvalidInput(f"environment {to}: the release has {', '.join(names)}")
        wanted = names[: names.index(to) + 1] if to else names
        ledger = Ledger(found.store, settings.acting)
        stages = (Stage(settings, ledger, found, release, name) for name in wanted)
        waiting = [stage for stage in stages if not is_there(stage)]
        for stage in waiting:
            if stage.standing().blocked:
                refuse_if_taken(stage.standing())
        return [stage.environment.name for stage in waiting]


def _is_good(stage: Stage, unit: str, found: Standing) -> bool:
    receipt = found.receipts.get(unit)
    return receipt is not None and unit in found.smoked and receipt.unit_digest == stage.unit_digest(unit)


def _is_up_to_date(stage: Stage, unit: str, found: Standing, inputs: Inputs) -> bool:
    return _is_good(stage, unit, found) and found.receipts[unit].inputs_digest == inputs.digest


def test(stage: Stage, plan: Plan) -> tuple[Finding, ...]:
    """Hold a plan against the release's policies; `Refused` names every denial."""
    found = findings(stage, plan)
    denials = [finding for finding in found if finding.denied]
    if denials:
        record(stage, "denied", plan.target, findings=[asdict(finding) for finding in denials])
        told = "\n".join(f"  {finding.policy}: {finding.message}" for finding in denials)
        raise Refused(f"{plan.target}: denied by policy\n{told}")
    told_of(stage, plan.target.unit).info("tested", what=f"{len(found)} findings" if found else "no objection")
    return found


def apply(stage: Stage, plan: Plan) -> Receipt:
    """Record the intent, apply exactly what was planned, record the receipt. Never tried twice."""
    if stage.halted.is_set():
        raise Refused(f"{plan.target}: not begun, since another unit of this promotion failed")
    gate.refuse_uncovered(stage, plan)
    plan, applied = _apply_fresh(stage, plan)
    if applied.outcome is not Outcome.SUCCEEDED:
        stage.halted.set()
        record(stage, "apply_failed", plan.target, detail=applied.detail)
        told_of(stage, plan.target.unit).error("apply FAILED", what=applied.detail.splitlines()[0])
        raise Refused(f"{plan.target}: apply failed\n{applied.detail}")
    receipt = _receipt(plan, applied)
    entry = record(stage, "applied", plan.target, receipt=asdict(receipt))
    told_of(stage, plan.target.unit).info("applied", what=wording.counts(plan), receipt=entry)
    return replace(receipt, id=entry)


def ask(stage: Stage, receipt: Receipt) -> tuple[CheckResult, ...]:
    """Ask all smoke checks of a unit at the same time, with read-only credentials; answers in declared order."""
    asked = stage.unit(receipt.target.unit).checks
    if not asked:
        return ()
    credentials = stage.reader()
    around = checks.Surroundings(
        client=lambda service: aws.client(service, credentials),
        outputs=receipt.outputs,
        folder=stage.checkout(receipt.target.release).infrastructure,
        variables=stage.reading(),
    )
    within = max(check.within for check in asked)
    told_of(stage, receipt.target.unit).info("asking", what=f"{len(asked)} checks, for up to {within:g} s")
    with ThreadPoolExecutor(max_workers=len(asked)) as pool:
        return tuple(pool.map(lambda check: checks.run(check, around), asked))


def judge(stage: Stage, receipt: Receipt, results: Sequence[CheckResult]) -> None:
    """Record the answers. `Refused` when one said no, `CouldNotAsk` when one could not be asked."""
    outcome = overall(result.outcome for result in results)
    record(stage, "smoked", receipt.target, outcome=outcome, results=[asdict(result) for result in results])
    bad = [result for result in results if result.outcome is outcome]
    told = "\n".join(f"  {result.name}: expected {result.expected}, found {result.found}" for result in bad)
    if outcome is Outcome.FAILED:
        stage.halted.set()
        told_of(stage, receipt.target.unit).error("smoke FAILED", what="; ".join(result.name for result in bad))
        raise Refused(f"{receipt.target}: smoke check failed\n{told}")
    if outcome is Outcome.ERRORED:
        raise CouldNotAsk(f"{receipt.target}: smoke check could not be asked\n{told}")
    if results:
        told_of(stage, receipt.target.unit).info("smoke passed", what=f"{len(results)} checks")


def verify(stage: Stage) -> None:
    """All units are there and good: the release is verified here, and the next environment may begin.

    The ledger is asked once more: `Refused` names the units of which it does not know that.
    """
    found = stage.standing()
    missing = [unit for unit in stage.units if not _is_good(stage, unit, found)]
    if missing:
        raise Refused(f"{stage.environment.name}: no checks have passed on {', '.join(missing)}; promote again")
    for unit in found.receipts.keys() - {*stage.units}:
        told_of(stage, unit).warning("left behind", what="no longer declared; it stays until it is removed by hand")
    stage.ledger.append(
        stage.environment.name, "verified", {"release": stage.release.id, "rules": gate.rules_of(stage.environment)}
    )
    log.info("verified", release=stage.release.id, environment=stage.environment.name)


def findings(stage: Stage, plan: Plan, purpose: Purpose = "promote") -> tuple[Finding, ...]:
    """What the release's policies have to say about a plan."""
    unit = stage.unit(plan.target.unit, plan.target.release)
    return stage.policies.test(plan, unit, stage.overrides, datetime.now(UTC), purpose)


def _apply_fresh(stage: Stage, plan: Plan) -> tuple[Plan, Applied]:
    """Apply a plan under its recorded intent; once more from a new, tested plan when this one is stale."""
    if there := _as_it_was(stage, plan):
        return plan, there
    record(stage, "applying", plan.target, plan=plan.digest)
    told_of(stage, plan.target.unit).info("applying", what=wording.counts(plan))
    try:
        return plan, stage.engine(plan.target.unit).apply(plan)
    except StalePlan as error:
        told_of(stage, plan.target.unit).warning("plan is stale", why=str(error))
    inputs = stage.inputs(plan.target.unit, stage.standing().receipts)
    newer = stage.engine(plan.target.unit).plan(plan.target, inputs)
    test(stage, newer)
    gate.refuse_uncovered(stage, newer)
    return newer, stage.engine(plan.target.unit).apply(newer)


def _as_it_was(stage: Stage, plan: Plan) -> Applied | None:
    """What an empty plan comes to, where the receipt is known to tell what is there: it was found good."""
    found = stage.standing()
    receipt = found.receipts.get(plan.target.unit)
    good = plan.empty and receipt is not None and plan.target.unit in found.smoked
    return Applied(Outcome.SUCCEEDED, receipt.outputs) if receipt is not None and good else None


def _receipt(plan: Plan, applied: Applied) -> Receipt:
    return Receipt("", plan.target, plan.unit_digest, plan.inputs_digest, plan.digest, applied.outputs, "")


def record(stage: Stage, kind: str, target: Target, **body: object) -> str:
    """Write what happened to a unit into the ledger; the entry's id."""
    entry = stage.ledger.append(
        stage.environment.name, kind, {"unit": target.unit, "release": target.release, **body}
    )
    return entry.id


def told_of(stage: Stage, unit: str) -> Any:
    """The logger of a unit: its events say which unit, where, and of which release."""
    return log.bind(release=stage.release.id, environment=stage.environment.name, unit=unit)
