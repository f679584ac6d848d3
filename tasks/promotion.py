"""The verbs of a promotion: plan, test, gate, apply, smoke, roll back. Each takes a stage and records what it did.

The order of the verbs is told in `flows.promote`; here is what each of them means. The rules:

- A unit is up to date when its digest and its inputs equal its receipt's and its checks passed on it.
- Before an apply its intent is in the ledger; a run that dies leaves it there for the next one to put back.
- A rollback goes through the same policies as a promotion; what it may not delete stays and is said to stay.
- A verb raises `Refused` for a no and `CouldNotAsk` for no answer. Only a no, after something was attempted,
  leads to a rollback.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

import structlog

from tasks import aws, checks, wording
from tasks.errors import CouldNotAsk, Refused, RollbackFailed, StalePlan
from tasks.model import (
    Applied,
    CheckResult,
    Finding,
    Inputs,
    Outcome,
    Plan,
    Receipt,
    Target,
    Unit,
    digest_of,
)
from tasks.stage import Stage
from tasks.standing import Standing, standing

log = structlog.get_logger("flowmart.promotion")


@dataclass(frozen=True)
class NotPlanned:
    """A unit for which there is no plan, and why: it is up to date, or (`later`) waits for outputs of others."""

    unit: str
    why: str
    later: bool = False


def plan(stage: Stage, unit: str) -> Plan | NotPlanned:
    """Plan a unit with what is known now, and record what it would do."""
    found = stage.standing()
    inputs = stage.inputs(unit, found.receipts)
    missing = [name for name, outputs in inputs.upstream.items() if outputs is None]
    if missing:
        return NotPlanned(unit, f"is planned once {' and '.join(missing)} have outputs", later=True)
    if _is_up_to_date(stage, unit, found, inputs):
        _log(stage, unit).info("up to date")
        return NotPlanned(unit, "is up to date")
    made = stage.engine(unit).plan(stage.target(unit), inputs)
    _record(stage, "planned", made.target, counts=made.counts, digest=made.digest)
    _log(stage, unit).info("planned", changes=wording.counts(made), reversibility=made.reversibility.value)
    return made


def moves(plan: Plan | NotPlanned) -> bool:
    """Whether what others read from this unit may change: it has a plan with changes, or none yet."""
    return plan.later if isinstance(plan, NotPlanned) else not plan.empty


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


def _is_up_to_date(stage: Stage, unit: str, found: Standing, inputs: Inputs) -> bool:
    receipt = found.receipts.get(unit)
    if receipt is None or unit not in found.smoked:
        return False
    return receipt.unit_digest == stage.unit_digest(unit) and receipt.inputs_digest == inputs.digest


def test(stage: Stage, plan: Plan) -> tuple[Finding, ...]:
    """Hold a plan against the release's policies; `Refused` names every denial."""
    findings = _findings(stage, plan)
    denials = [finding for finding in findings if finding.denied]
    if denials:
        _record(stage, "denied", plan.target, findings=[asdict(finding) for finding in denials])
        told = "\n".join(f"  {finding.policy}: {finding.message}" for finding in denials)
        raise Refused(f"{plan.target}: denied by policy\n{told}")
    _log(stage, plan.target.unit).info("tested", findings=len(findings))
    return findings


def plan_set_digest(plans: Iterable[Plan], later: Sequence[str]) -> str:
    """The digest of all plans of a promotion and of the units that can only be planned on the way: what is approved."""
    return digest_of([sorted(plan.digest for plan in plans), sorted(later)])


def gate(stage: Stage, plans: Sequence[Plan], later: Sequence[str], approved: str | None) -> None:
    """Let the plan set through where the environment's gate is `auto`, or where its digest was approved."""
    digest = plan_set_digest(plans, later)
    body = {"release": stage.release.id, "plan_set": digest, "planned_later": list(later)}
    if stage.environment.gate == "auto" or not (plans or later):
        return
    if approved != digest:
        stage.ledger.append(stage.environment.name, "approval_wanted", body)
        again = f"flowmart promote {stage.release.id} --to {stage.environment.name} --approve {digest[:12]}"
        changed = " What was approved is not what would be applied now." if approved else ""
        raise Refused(f"{stage.environment.name} wants an approval.{changed} Look at the plans, then: {again}")
    stage.ledger.append(stage.environment.name, "approved", body)


def apply(stage: Stage, plan: Plan) -> Receipt:
    """Record the intent, apply exactly what was planned, record the receipt. Never tried twice."""
    if stage.halted.is_set():
        raise Refused(f"{plan.target}: not begun, since another unit of this promotion failed")
    plan, applied = _apply_fresh(stage, plan)
    if applied.outcome is not Outcome.SUCCEEDED:
        stage.halted.set()
        _record(stage, "apply_failed", plan.target, detail=applied.detail)
        raise Refused(f"{plan.target}: apply failed\n{applied.detail}")
    receipt = _receipt(plan, applied)
    entry = _record(stage, "applied", plan.target, receipt=asdict(receipt))
    _log(stage, plan.target.unit).info("applied", changes=wording.counts(plan), receipt=entry)
    return replace(receipt, id=entry)


def ask(stage: Stage, receipt: Receipt) -> tuple[CheckResult, ...]:
    """Ask all smoke checks of a unit, in declared order, with read-only credentials."""
    credentials = stage.reading()
    around = checks.Surroundings(
        client=lambda service: aws.client(service, credentials),
        outputs=receipt.outputs,
        folder=stage.checkout(receipt.target.release).infrastructure,
        variables=credentials.environment(),
    )
    return tuple(checks.run(check, around) for check in stage.unit(receipt.target.unit).checks)


def judge(stage: Stage, receipt: Receipt, results: Sequence[CheckResult]) -> None:
    """Record the answers. `Refused` when one said no, `CouldNotAsk` when one could not be asked."""
    outcome = overall(result.outcome for result in results)
    _record(stage, "smoked", receipt.target, outcome=outcome, results=[asdict(result) for result in results])
    bad = [result for result in results if result.outcome is outcome]
    told = "\n".join(f"  {result.name}: expected {result.expected}, found {result.found}" for result in bad)
    if outcome is Outcome.FAILED:
        stage.halted.set()
        raise Refused(f"{receipt.target}: smoke check failed\n{told}")
    if outcome is Outcome.ERRORED:
        raise CouldNotAsk(f"{receipt.target}: smoke check could not be asked\n{told}")
    _log(stage, receipt.target.unit).info("smoke passed", checks=len(results))


def overall(outcomes: Iterable[Outcome]) -> Outcome:
    """One no is a no; without one, no answer is no answer."""
    found = set(outcomes)
    for worst in (Outcome.FAILED, Outcome.ERRORED):
        if worst in found:
            return worst
    return Outcome.SUCCEEDED


def roll_back(stage: Stage, unit: str, kept: Sequence[str]) -> str:
    """Put one attempted unit back to what it was when the claim began; what was done, in words.

    A unit that did not exist before is removed, unless policy protects it or a unit in `kept` needs it: then it
    stays as it is. Raises `RollbackFailed`, after which the environment is blocked.
    """
    to = stage.standing().before.get(unit)
    if to is None and _is_needed(stage, unit, kept):
        return _keep(stage, unit, f"needed by {', '.join(kept)}")
    with _blocking(stage, unit, to):
        plan = stage.engine(unit).plan_rollback(stage.target(unit), to)
        denials = [finding.message for finding in _findings(stage, plan) if finding.denied]
        if denials and to is None:
            return _keep(stage, unit, denials[0])
        if denials:
            raise Refused("; ".join(denials))
        applied = _apply(stage, plan) if not plan.empty else _as_it_was(stage, plan)
        if applied.outcome is not Outcome.SUCCEEDED:
            raise Refused(applied.detail)
    receipt = replace(to, plan_digest=plan.digest, outputs=applied.outputs) if to else None
    _record(stage, "rolled_back", stage.target(unit), receipt=asdict(receipt) if receipt else None)
    _log(stage, unit).info("rolled back", to=to.target.release if to else "nothing", changes=wording.counts(plan))
    return f"back on {to.target.release}: {wording.counts(plan)}" if to else "removed: it did not exist before"


def confirm(stage: Stage, unit: str) -> None:
    """After everything was put back: the tool itself finds the unit as its receipt says, or `RollbackFailed`.

    A unit is put back while those it needs are still on the failed release. Once they are back too it may have
    to follow them, which is what is done here.
    """
    to = stage.standing().before.get(unit)
    if to is None:
        return
    engine = stage.engine(unit)
    with _blocking(stage, unit, to):
        if engine.verify(to.target) is Outcome.SUCCEEDED:
            return
        engine.apply(engine.plan_rollback(stage.target(unit), to))
        if engine.verify(to.target) is not Outcome.SUCCEEDED:
            raise Refused("afterwards the tool still finds differences")


def verify(stage: Stage) -> None:
    """All units are there and good: the release is verified here, and the next environment may begin."""
    stage.ledger.append(stage.environment.name, "verified", {"release": stage.release.id})
    log.info("verified", release=stage.release.id, environment=stage.environment.name)


def conclude_rollback(stage: Stage, why: str) -> None:
    """All is back: mark the release rejected here."""
    reject(stage, stage.release.id, why, back_to=stage.standing().verified_before)


def reject(stage: Stage, release: str | None, why: str, back_to: str | None) -> None:
    """A release is not good here: it is not promoted again unless somebody says so."""
    if release is not None:
        stage.ledger.append(stage.environment.name, "rejected", {"release": release, "why": why, "back_to": back_to})


@contextmanager
def _blocking(stage: Stage, unit: str, to: Receipt | None) -> Iterator[None]:
    """Whatever goes wrong inside blocks the environment until a person resolves it."""
    try:
        yield
    except Exception as error:
        why = f"the rollback of {unit} to {to.target.release if to else 'nothing'} failed: {error}"
        _record(stage, "rollback_failed", stage.target(unit), why=why)
        raise RollbackFailed(f"{stage.environment.name}: {why}") from error


def _findings(stage: Stage, plan: Plan) -> tuple[Finding, ...]:
    unit = stage.unit(plan.target.unit, plan.target.release)
    return stage.policies.test(plan, unit, stage.overrides, datetime.now(UTC))


def _is_needed(stage: Stage, unit: str, kept: Sequence[str]) -> bool:
    return any(unit in stage.unit(name).needs for name in kept)


def _keep(stage: Stage, unit: str, why: str) -> str:
    receipt = stage.standing().receipts.get(unit)
    _record(stage, "rolled_back", stage.target(unit), receipt=asdict(receipt) if receipt else None, kept=why)
    _log(stage, unit).warning("kept", why=why)
    return f"{KEPT}: {why}"


KEPT = "kept as it is"
"""How `roll_back` begins when it left a unit in place."""


def _apply_fresh(stage: Stage, plan: Plan) -> tuple[Plan, Applied]:
    """Apply a plan under its recorded intent; once more from a new, tested plan when this one is stale."""
    if plan.empty:
        return plan, _as_it_was(stage, plan)
    _record(stage, "applying", plan.target, plan=plan.digest)
    try:
        return plan, _apply(stage, plan)
    except StalePlan as error:
        _log(stage, plan.target.unit).warning("plan is stale", why=str(error))
    inputs = stage.inputs(plan.target.unit, stage.standing().receipts)
    newer = stage.engine(plan.target.unit).plan(plan.target, inputs)
    test(stage, newer)
    return newer, _apply(stage, newer)


def _apply(stage: Stage, plan: Plan) -> Applied:
    return stage.engine(plan.target.unit).apply(plan)


def _as_it_was(stage: Stage, plan: Plan) -> Applied:
    """Nothing to apply: the outputs are those of the receipt; a unit without one has to tell them itself."""
    receipt = stage.standing().receipts.get(plan.target.unit)
    return Applied(Outcome.SUCCEEDED, receipt.outputs) if receipt else _apply(stage, plan)


def _receipt(plan: Plan, applied: Applied) -> Receipt:
    return Receipt("", plan.target, plan.unit_digest, plan.inputs_digest, plan.digest, applied.outputs, "")


def _record(stage: Stage, kind: str, target: Target, **body: object) -> str:
    entry = stage.ledger.append(
        stage.environment.name, kind, {"unit": target.unit, "release": target.release, **body}
    )
    return entry.id


def _log(stage: Stage, unit: str) -> structlog.typing.FilteringBoundLogger:
    bound = log.bind(release=stage.release.id, environment=stage.environment.name, unit=unit)
    return bound  # type: ignore[no-any-return]
