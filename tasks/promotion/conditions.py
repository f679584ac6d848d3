"""Whether a plan set waits for people: the conditions of `gate: {approval: ...}`, judged from plans alone. Pure.

`when irreversible` waits for what promoting the earlier release cannot bring back: objects that are deleted, replaced
or forgotten, what a tool could not plan, and what it calls anything but reversible. Everything else goes by itself.
A unit of which nothing is applied yet has nothing to lose, so it may be planned on the way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tasks.domain.plan import Action, Plan, Reversibility
from tasks.domain.platform import ALWAYS, WHEN_DRIFTED, WHEN_IRREVERSIBLE, Approval
from tasks.promotion.planning import PlanSet

_MOST = 5
"""Reasons that are named; the plan has all of them."""

_TAKEN = {Action.DELETE: "deletes", Action.REPLACE: "replaces", Action.FORGET: "forgets", Action.OTHER: "does to"}


@dataclass(frozen=True)
class Verdict:
    """What the gate says about a plan set, and why.

    Attributes:
        approval: who has to approve; None when it goes by itself.
        because: what decided, in words.
        watched: whether it goes by itself only as long as nothing irreversible turns up on the way.
    """

    approval: Approval | None
    because: str
    watched: bool = False

    @property
    def told(self) -> str:
        """The verdict in a sentence."""
        return f"{'waits for an approval' if self.approval else 'goes by itself'}: {self.because}"


def judge(
    rules: Sequence[Approval],
    plans: PlanSet,
    drifted: Iterable[str] = (),
    applied: Collection[str] = (),
    rejected: bool = False,
) -> Verdict:
    """Judge a plan set by the rules of every release that has a say; one that wants people is enough.

    Args:
        rules: of the release that is verified in the environment, then of the one to come. The first whose condition
            holds says who approves; the largest `count` of those counts.
        drifted: the objects that somebody changed by hand, which the plan set would overwrite.
        applied: the units of which something is applied: one that cannot be planned yet may take some of it away.
        rejected: whether the release was rejected in the environment before.
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
    """What of the conditions holds; empty when nothing does."""
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
    """What promoting the earlier release cannot bring back once a plan is applied: "deletes table.orders"."""
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
