"""The gate between tested plans and their apply: freezes, change windows, drift, rehearsals and approvals.

The rules of the release that is verified here and those of the release to come both apply. So no release can loosen
its own gate, or appoint the people who approve it.

People approve a plan set by its digest. A unit that gets its final plan only after others are applied is approved to
be planned again then. That plan may differ, but it must not replace or delete anything that nobody approved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tasks import drift
from tasks.domain.errors import ApprovalWanted, EnvironmentClosed, InvalidInput, Refused
from tasks.domain.events import ClosureOverridden, DriftAccepted
from tasks.domain.plan import Plan
from tasks.domain.platform import Approval, Environment, Freeze, Window
from tasks.domain.rules import Violation
from tasks.promotion import approval_requests, evidence, windows
from tasks.promotion.approval_requests import Question, Request
from tasks.promotion.conditions import Verdict, judge
from tasks.promotion.environment_run import EnvironmentRun
from tasks.promotion.planning import PlanSet

Purpose = Literal["promote", "roll back", "reconcile"]


@dataclass(frozen=True)
class Consent:
    """What the person who starts a run declares; each is recorded.

    `despite`: why to continue although the environment is closed, or no rollback was rehearsed. `accept_drift`: why
    to overwrite manual changes. `into_incident`: why to continue although metrics are already bad. `fixes`: the
    release that this one repairs; it is counted as rework.

    Raises:
        InvalidInput: one is an empty text, so there would be nothing to record.
    """

    despite: str | None = None
    accept_drift: str | None = None
    into_incident: str | None = None
    fixes: str | None = None

    def __post_init__(self) -> None:
        for name, reason in asdict(self).items():
            if reason is not None and not reason.strip():
                raise InvalidInput(f"{name}: it is empty; it is recorded, so write something or leave it out")


@dataclass(frozen=True)
class Rules:
    """The gate of an environment as a release declares it."""

    approval: Approval
    windows: tuple[Window, ...]
    freezes: tuple[Freeze, ...]
    rehearsed_within: float | None = None


def pass_through(
    run: EnvironmentRun, plans: PlanSet, violations: Sequence[Violation], consent: Consent, purpose: Purpose
) -> None:
    """Return if the plan set may be applied, and limit the run to what was approved.

    A change window protects a good state, not a bad one, so it never delays a rollback.

    Args:
        plans: what would be applied; an empty plan set always passes.
        violations: warnings of validators and policies, shown with an approval request.
        consent: what the person who started the run declared.
        purpose: what the run is for.

    Raises:
        EnvironmentClosed: a freeze applies, or no change window is open.
        Refused: unaccepted drift would be overwritten, or no rollback was rehearsed.
        ApprovalWanted: a person has to approve.
    """
    if plans.empty:
        return
    rules = in_force(run)
    if purpose != "roll back":
        _refuse_closed(run, rules, consent.despite)
    if purpose == "promote":
        _refuse_drifted(run, consent.accept_drift)
        evidence.refuse_unrehearsed(run, [each.rehearsed_within for each in rules], consent.despite)
    verdict = _verdict(run, plans, rules)
    run.log().info("gate", what=verdict.summary)
    if verdict.approval is None:
        run.approved = plans.going_by_themselves(run.state().receipts) if verdict.watched else None
        return
    try:
        _refuse_unapproved(run, plans, verdict, purpose)
    except ApprovalWanted as wanted:
        run.reporter.approval_wanted(wanted.request, plans, violations)
        raise
    run.approved = plans.approved


def verdict(run: EnvironmentRun, plans: PlanSet) -> Verdict:
    """Return what the gate would decide on plans that were made without a claim: approval needed or not."""
    return _verdict(run, plans, in_force(run))


def _verdict(run: EnvironmentRun, plans: PlanSet, rules: Sequence[Rules]) -> Verdict:
    found = run.state()
    drifted = {f"{item.unit} {item.address}" for item in drift.unexplained(found, run.suppressions, run.clock.now())}
    approvals_of = [each.approval for each in rules]
    return judge(approvals_of, plans, drifted, found.receipts, rejected=run.release.id in found.rejected)


def rules_of(environment: Environment) -> dict[str, Any]:
    """Return the rules of an environment as the ledger keeps them with every verified release."""
    return asdict(_declared(environment))


def in_force(run: EnvironmentRun) -> tuple[Rules, ...]:
    """Return the rules of the release that is verified here, if any, then those of the release to come."""
    coming = _declared(run.environment)
    known = run.state().past.rules
    return (_read(known), coming) if known else (coming,)


def _declared(environment: Environment) -> Rules:
    return Rules(environment.approval, environment.windows, environment.freezes, environment.rehearsed_within)


def _read(known: Mapping[str, Any]) -> Rules:
    # Older records have no conditions: a gate then either always asked for an approval, or never did.
    when = ("always",) if known.get("gate") == "approval" else ()
    approval = {"when": when, **known["approval"]}
    lists = {name: tuple(approval[name]) for name in ("approvers", "when")}
    return Rules(
        approval=Approval(**{**approval, **lists}),
        windows=tuple(Window(**{**window, "days": tuple(window["days"])}) for window in known["windows"]),
        freezes=tuple(Freeze(**freeze) for freeze in known["freezes"]),
        rehearsed_within=known.get("rehearsed_within"),
    )


def refuse_uncovered(run: EnvironmentRun, plan: Plan) -> None:
    """Refuse a plan that the gate did not cover, if the gate let only some plans through.

    Raises:
        Refused: with what the plan adds to what was approved.
    """
    if run.approved is None or plan.empty or run.approved.covers(plan):
        return
    run.halted.set()
    if run.approved.by_itself:
        taken = ", ".join(sorted(run.approved.uncovered(plan))) or "the plan changed"
        what = f"changes that no plan showed before cannot be rolled back ({taken})"
        raise Refused(f"{plan.target}: {what}; promote with --force to request an approval")
    raise Refused(f"{plan.target}: its plan is no longer what was approved; promote again to review the new one")


def _refuse_closed(run: EnvironmentRun, rules: Iterable[Rules], despite: str | None) -> None:
    name = run.environment.name
    by_hand, now = run.state().frozen, run.clock.now()
    why = next(filter(None, (windows.closed(found.windows, found.freezes, by_hand, now) for found in rules)), None)
    if why is None:
        return
    if not despite:
        advice = "wait, or say why it cannot wait: --despite REASON (it is recorded)"
        raise EnvironmentClosed(f"{name} is {why}. Nothing was changed; {advice}")
    run.ledger.append(name, ClosureOverridden(release=run.release.id, why=why, reason=despite))


def _refuse_drifted(run: EnvironmentRun, accepted: str | None) -> None:
    name = run.environment.name
    found = drift.unexplained(run.state(), run.suppressions, run.clock.now())
    if not found:
        return
    if not accepted:
        raise Refused(drift.refusal(name, found))
    objects = tuple(f"{item.unit}: {item.address}" for item in found)
    run.ledger.append(name, DriftAccepted(release=run.release.id, objects=objects, reason=accepted))


def _refuse_unapproved(run: EnvironmentRun, plans: PlanSet, verdict: Verdict, purpose: Purpose) -> None:
    ledger, name, rules = run.ledger, run.environment.name, verdict.approval or Approval()
    claim = run.state().claim
    author = claim.provenance.author if claim else ""
    said = approval_requests.decided(run.state(), plans.digest, run.clock.now())
    enough = said is not None and said.kind == "approved" and said.request.satisfies(rules)
    if said is not None and enough and said.request.author == author:
        return
    last = approval_requests.decisions(run.state())[-1:]
    changed = any(d.kind == "approved" and d.request.release == run.release.id for d in last)
    rehearsal = evidence.known(run, purpose)
    question = Question(name, plans.digest, plans.descriptions, rules, purpose, author, verdict.because, rehearsal)
    request = approval_requests.want(ledger, run.release, question, run.clock.now())
    raise ApprovalWanted(_asking(request, changed), request)


def _asking(request: Request, changed: bool) -> str:
    people = f" by {request.rules.count} people" if request.rules.count > 1 else ""
    who = f"{people} of" if people and request.rules.approvers else " by" if request.rules.approvers else people
    who += f" {' or '.join(request.rules.approvers)}" if request.rules.approvers else ""
    void = " The plans have changed since the last approval." if changed else ""
    rehearsal = f" Rollback: {request.rehearsal}." if request.rehearsal else ""
    return (
        f"{request.environment} requires an approval{who}, because {request.because}.{rehearsal}{void} "
        "Nothing was changed. "
        f"Review the plans, then run `flowmart approve {request.short}` before {request.until}"
    )
