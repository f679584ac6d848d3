"""Decide whether a plan set needs an approval: the conditions of `gate: {approval: ...}`, from plans alone. Pure.

`when irreversible` asks for an approval of what promoting the earlier release cannot bring back: objects that are
deleted, replaced or forgotten, what a tool could not plan, and what it does not call reversible. Everything else
needs no approval. A unit that was never applied has nothing to lose, so it may be planned during the promotion.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tasks.domain.plan import Action, Plan, Reversibility
from tasks.domain.platform import ALWAYS, WHEN_DRIFTED, WHEN_IRREVERSIBLE, Approval
from tasks.promotion.planning import PlanSet

_MOST = 5
"""How many reasons are named; the plan lists all."""

_TAKEN = {Action.DELETE: "deletes", Action.REPLACE: "replaces", Action.FORGET: "forgets", Action.OTHER: "does to"}


@dataclass(frozen=True)
class Verdict:
    """The gate's decision on a plan set, and why.

    Attributes:
        approval: who has to approve; None if no approval is needed.
        because: what decided, in words.
        watched: whether the run must stop if an irreversible change turns up during the promotion.
    """

    approval: Approval | None
    because: str
    watched: bool = False

    @property
    def summary(self) -> str:
        """The verdict in one sentence."""
        return f"{'waits for an approval' if self.approval else 'goes by itself'}: {self.because}"


def judge(
    rules: Sequence[Approval],
    plans: PlanSet,
    drifted: Iterable[str] = (),
    applied: Collection[str] = (),
    rejected: bool = False,
) -> Verdict:
    """Judge a plan set by the rules of every release that applies; an approval is needed if one of them asks for it.

    Args:
        rules: of the release that is verified in the environment, then of the one to come. The first whose condition
            holds says who approves; the largest `count` among those whose condition holds applies.
        plans: what would be applied.
        drifted: manually changed objects that the plan set would overwrite.
        applied: the units that were applied before: one that cannot be planned yet may remove some of its objects.
        rejected: whether the release was rejected in the environment before.

    Returns:
        The verdict; an empty plan set needs no approval.
    """
    if plans.empty:
        return Verdict(None, "nothing would be changed")
    lost, by_hand = [*_irreversible(plans, applied, rejected)], sorted(drifted)
    wanting = [(each, why) for each in rules if (why := _why(each, lost, by_hand))]
    if wanting:
        first, why = wanting[0]
        return Verdict(replace(first, count=max(each.count for each, _ in wanting)), why)
    conditions = {condition for each in rules for condition in each.when}
    return Verdict(None, _harmless(conditions), watched=WHEN_IRREVERSIBLE in conditions)


def _why(rules: Approval, lost: Sequence[str], drifted: Sequence[str]) -> str:
    """Return which conditions hold, in words; "" if none does."""
    if ALWAYS in rules.when:
        return "every promotion here does"
    found = []
    if WHEN_IRREVERSIBLE in rules.when and lost:
        found.append(f"not all of it can be undone ({_listed(lost)})")
    if WHEN_DRIFTED in rules.when and drifted:
        found.append(f"it would overwrite what was changed by hand ({_listed(drifted)})")
    return "; ".join(found)


def _harmless(conditions: set[str]) -> str:
    said = {WHEN_IRREVERSIBLE: "all of it can be undone", WHEN_DRIFTED: "nothing was changed by hand"}
    found = [words for condition, words in said.items() if condition in conditions]
    return " and ".join(found) or "no approval is wanted here"


def _irreversible(plans: PlanSet, applied: Collection[str], rejected: bool) -> Iterator[str]:
    if rejected:
        yield "the release was rejected here before"
    for plan in plans.plans:
        if not plan.empty:
            yield from (f"{plan.target.unit} {reason}" for reason in irreversible(plan))
    for unit in sorted(plans.unplanned.intersection(applied)):
        yield f"{unit} is not planned before {' and '.join(plans.later.get(unit, ()))}"


def irreversible(plan: Plan) -> tuple[str, ...]:
    """Return what promoting the earlier release cannot restore once a plan is applied: "deletes table.orders"."""
    found = [(change.action, change.address) for change in plan.changes]
    found += [(change.action, change.address) for change in plan.state_changes]
    taken = [f"{_TAKEN[action]} {address}" for action, address in found if action in _TAKEN]
    taken += [f"cannot plan {name}" for name in plan.unknown]
    if not taken and plan.reversibility is not Reversibility.REVERSIBLE:
        taken = [plan.reversibility.value]
    return tuple(dict.fromkeys(taken))


def _listed(reasons: Sequence[str]) -> str:
    more = f", and {len(reasons) - _MOST} more" if len(reasons) > _MOST else ""
    return ", ".join(reasons[:_MOST]) + more
