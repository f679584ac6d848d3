"""Fold the events about approvals into the state of an environment. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from tasks.domain.events import ApprovalRequested, PlanSetApproved, PlanSetDecision
from tasks.ledger.entries import Entry
from tasks.ledger.state import AskedApproval, EnvironmentState


def requested(state: EnvironmentState, event: ApprovalRequested, entry: Entry) -> EnvironmentState:
    """Fold a request: a plan set waits for a decision."""
    # Expired requests are dropped here; otherwise they would accumulate.
    now = datetime.fromisoformat(entry.at)
    kept = (
        each
        for each in state.approvals
        if each.asked.plan_set != event.plan_set and datetime.fromisoformat(each.asked.expires) > now
    )
    asked = AskedApproval(entry.at, entry.actor, event, forced=event.release in state.rejected)
    return replace(state, approvals=(*kept, asked))


def decided(state: EnvironmentState, event: PlanSetDecision, _: Entry) -> EnvironmentState:
    """Fold the decision of a person on a plan set."""
    approvals = tuple(
        _decided(each, event) if each.asked.plan_set == event.plan_set else each for each in state.approvals
    )
    return replace(state, approvals=approvals)


def _decided(asked: AskedApproval, event: PlanSetDecision) -> AskedApproval:
    if not isinstance(event, PlanSetApproved):
        return replace(asked, decision=event.kind, by=event.by)
    known = [name.lower() for name in asked.approved_by]
    people = asked.approved_by if event.by.lower() in known else (*asked.approved_by, event.by)
    decision = event.kind if len(people) >= asked.asked.count else asked.decision
    return replace(asked, decision=decision, by=", ".join(people), approved_by=people)
