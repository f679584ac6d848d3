"""When plans wait for people: never, always, when not all of it can be undone, when something was changed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tasks.domain.errors import Refused, RolledBack
from tasks.domain.plan import Action, Change, Plan, Reversibility, StateChange
from tasks.domain.platform import Approval
from tasks.domain.release import Baseline, Target
from tasks.promotion import approvals, operations
from tasks.promotion.approval_requests import Request
from tasks.promotion.approvals import Approver
from tasks.promotion.conditions import judge
from tasks.promotion.planning import PlanSet
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import FakeEngine, environment, rejected

BEN, EVA = (Approver(name, "command line", "host") for name in ("ben", "eva"))
IRREVERSIBLE = Approval(when=("when irreversible",))


def gated(shop: Shop, *when: str, **rules: Any) -> Shop:
    """The shop, with a gate in dev."""
    shop.environments = (environment("dev", approval=Approval(when=when, **rules)), environment("staging", "dev"))
    return shop


def waits(shop: Shop, release: str, **consent: Any) -> Request:
    asked = shop.promote(release, **consent)
    assert isinstance(asked, Request), "it went by itself"
    return asked


def approve(shop: Shop, request: Request, *people: Approver) -> Request:
    for by in people:
        request = approvals.approve(shop.runtime.ledger(), request.digest, by, shop.clock.now())
    return request


def test_what_can_be_undone_goes_by_itself(shop: Shop) -> None:
    gated(shop, "when irreversible")
    shop.promoted("blue")
    shop.promoted("green")
    assert shop.state().verified == "green"
    assert shop.kinds("approval_wanted") == []


def test_a_deletion_waits_for_people_and_the_request_says_which(shop: Shop) -> None:
    gated(shop, "when irreversible")
    shop.promote(shop.release("more", *shop.units(network={"old": "x"})))
    asked = waits(shop, shop.release("less", *shop.units()))
    assert asked.because == "not all of it can be undone (network deletes old)"
    assert shop.live()["network"] == {"it": "blue", "old": "x"}
    approve(shop, asked, BEN)
    assert shop.promote("less") is None
    assert shop.live()["network"] == {"it": "blue"}


@pytest.mark.parametrize(("when", "asks"), [((), False), (("always",), True)])
def test_never_and_always_are_what_they_say(shop: Shop, when: Sequence[str], asks: bool) -> None:
    gated(shop, *when)
    assert isinstance(shop.promote(shop.release("blue")), Request) is asks


def test_what_was_changed_by_hand_waits_for_people_where_that_is_wanted(shop: Shop) -> None:
    gated(shop, "when drifted")
    blue = shop.promoted("blue")
    shop.promoted("green")
    shop.world.by_hand("dev", "network", it="red")
    shop.drift("green")
    asked = waits(shop, blue, force=True, accept_drift="known")
    assert asked.because == "it would overwrite what was changed by hand (network it)"
    repaired = operations.reconcile(shop.runtime, shop.executor, "dev")
    assert isinstance(repaired, Request)
    approve(shop, repaired, BEN)
    assert operations.reconcile(shop.runtime, shop.executor, "dev") == ("network",)
    assert shop.live()["network"] == {"it": "green"}


def test_one_of_several_conditions_is_enough(shop: Shop) -> None:
    gated(shop, "when drifted", "when irreversible")
    shop.promote(shop.release("more", *shop.units(mail={"old": "x"})))
    assert "mail deletes old" in waits(shop, shop.release("less")).because


def test_as_many_different_people_have_to_approve_as_are_wanted(shop: Shop) -> None:
    gated(shop, "always", count=2)
    asked = waits(shop, shop.release("blue"))
    first = approve(shop, asked, BEN)
    assert (first.missing, first.approved_by) == (1, ("ben",))
    assert isinstance(shop.promote("blue"), Request)
    with pytest.raises(Refused, match="Ben has already approved it; another person must approve too"):
        approve(shop, asked, replace(BEN, name="Ben"))
    assert approve(shop, asked, EVA).missing == 0
    assert shop.promote("blue") is None


def test_one_refusal_is_enough_however_many_have_approved(shop: Shop) -> None:
    gated(shop, "always", count=2)
    asked = waits(shop, shop.release("blue"))
    approve(shop, asked, BEN)
    approvals.refuse(shop.runtime.ledger(), asked.digest, EVA, shop.clock.now(), "not before the sale")
    assert shop.state().rejected == {"blue"}


@pytest.mark.parametrize("purpose", ["roll back", "reconcile"])
def test_a_refused_rollback_or_repair_rejects_no_release_that_is_good(shop: Shop, purpose: str) -> None:
    gated(shop, "when drifted" if purpose == "reconcile" else "when irreversible")
    shop.promoted("blue")
    more = shop.release("more", *shop.units(network={"extra": "x"}))
    shop.promote(more)
    shop.world.objects["dev", "network"]["it"] = "by hand"
    shop.drift(more)
    wanted = (
        operations.reconcile(shop.runtime, shop.executor, "dev")
        if purpose == "reconcile"
        else operations.roll_back(shop.runtime, shop.executor, "dev")
    )
    assert isinstance(wanted, Request)
    approvals.refuse(shop.runtime.ledger(), wanted.digest, BEN, shop.clock.now(), "not today")
    assert shop.state().rejected == frozenset()
    assert shop.runtime.history.earlier_release("dev", None) == "blue"


def test_an_approval_that_has_expired_does_not_count_as_one_of_two(shop: Shop) -> None:
    gated(shop, "always", count=2, expires=3600.0)
    approve(shop, waits(shop, shop.release("blue")), BEN)
    shop.clock.sleep(timedelta(hours=2).total_seconds())
    again = waits(shop, "blue")
    assert again.approved_by == ()
    assert approve(shop, again, EVA).missing == 1


def test_a_release_cannot_loosen_the_gate_that_it_goes_through(shop: Shop) -> None:
    gated(shop, "always", count=2)
    approve(shop, waits(shop, shop.release("blue")), BEN, EVA)
    shop.promote("blue")
    gated(shop)
    asked = waits(shop, shop.release("green", *shop.units("green")))
    assert asked.rules.count == 2


@pytest.mark.parametrize(
    ("before", "since", "asks"),
    [
        ({"approvers": ("ben", "eva")}, {"approvers": ("eva",)}, True),
        ({"approvers": ("ben", "eva")}, {"approvers": ("Ben",)}, False),
        ({}, {"approvers": ("ben",)}, True),
        ({}, {"identity": "github"}, True),
        ({"approvers": ("ben",)}, {}, False),
        ({}, {"count": 2}, True),
    ],
)
def test_an_approval_counts_by_the_rules_that_are_in_force_when_it_is_used(
    shop: Shop, before: dict[str, Any], since: dict[str, Any], asks: bool
) -> None:
    gated(shop, "always", **before)
    approve(shop, waits(shop, blue := shop.release("blue", *shop.units())), BEN)
    shop.promote(blue)
    approve(shop, waits(shop, green := shop.release("green", *shop.units("green"))), BEN)
    gated(shop, "always", **since)
    shop.promote(shop.release("rules", *shop.units()))
    assert shop.state().verified == "rules"
    assert isinstance(shop.promote(green), Request) is asks


def test_what_turns_out_irreversible_on_the_way_is_not_applied(shop: Shop) -> None:
    gated(shop, "when irreversible")
    shop.promoted("blue")
    shop.release("green", *shop.units("green"))
    by_now = iter(range(9))

    def grown(engine: FakeEngine, _: Plan | None) -> None:
        """When `app` is planned for the second time, something is there that the plan would delete."""
        if next(by_now):
            engine.live["precious"] = "data"

    shop.world.fail("app", "plan", grown, grown)  # type: ignore[arg-type]
    with pytest.raises(RolledBack, match=r"changes that no plan showed before cannot be rolled back \(precious\)"):
        shop.promote("green")
    assert shop.live()["app"] == {"it": "blue", "precious": "data"}
    asked = waits(shop, "green", force=True)
    assert "the release was rejected here before" in asked.because


def test_an_approval_of_a_rejected_release_is_a_decision_to_promote_it_all_the_same(shop: Shop) -> None:
    gated(shop, "always")
    blue = shop.release("blue")
    approve(shop, waits(shop, blue), BEN)
    shop.world.fail("mail", "apply", rejected)
    with pytest.raises(RolledBack):
        shop.promote(blue)
    with pytest.raises(Refused, match="was rejected here; fix it, or promote it with --force"):
        shop.promote(blue)
    approve(shop, waits(shop, blue, force=True), BEN)
    shop.world.fail("mail", "apply", rejected)
    with pytest.raises(RolledBack):
        shop.promote(blue)
    with pytest.raises(Refused, match="was rejected here"):
        shop.promote(blue)


def plan(**about: Any) -> Plan:
    return Plan(Target("r", "dev", "database"), "fake", about.pop("changes", ()), "", "", **about)


def change(action: Action) -> Change:
    return Change("it", "kind", action)


RISKS = {
    "a replacement": (plan(changes=(change(Action.REPLACE),)), "database replaces it"),
    "a forgotten object": (plan(changes=(change(Action.FORGET),)), "database forgets it"),
    "a forgotten object beside a change": (
        plan(changes=(change(Action.UPDATE),), state_changes=(StateChange(Action.FORGET, "it"),)),
        "database forgets it",
    ),
    "an action that nobody knows": (plan(changes=(change(Action.OTHER),)), "database does to it"),
    "what could not be planned": (plan(unknown=("task 1",)), "database cannot plan task 1"),
    "what its tool calls irreversible": (
        plan(changes=(change(Action.UPDATE),), reversibility=Reversibility.IRREVERSIBLE),
        "database irreversible",
    ),
}


@pytest.mark.parametrize("risk", RISKS)
def test_it_waits_for_people_at(risk: str) -> None:
    made, reason = RISKS[risk]
    verdict = judge([IRREVERSIBLE], PlanSet([made]), ())
    assert verdict.approval
    assert verdict.summary == f"waits for an approval: not all of it can be undone ({reason})"


def test_a_unit_that_cannot_be_planned_yet_is_unknown_unless_nothing_of_it_is_applied() -> None:
    plans = PlanSet([plan(changes=(change(Action.CREATE),))], {"app": ["database"]}, frozenset({"app"}))
    asked = judge([IRREVERSIBLE], plans, applied=["app"])
    assert asked.because == "not all of it can be undone (app is not planned before database)"
    assert judge([IRREVERSIBLE], plans).approval is None


def test_what_is_unknown_of_a_new_unit_goes_by_itself_and_what_it_would_adopt_does_not() -> None:
    allowed = PlanSet([], {"database": ["network"]}).going_by_themselves(())
    assert allowed.covers(plan(unknown=("task 1",)))
    assert not allowed.covers(plan(baseline=Baseline("a database", {})))
    assert not PlanSet([], {"database": ["network"]}).going_by_themselves(["database"]).covers(plan(unknown=("x",)))


@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE, Action.MOVE, Action.IMPORT])
def test_it_goes_by_itself_at(action: Action) -> None:
    verdict = judge([IRREVERSIBLE], PlanSet([plan(changes=(change(action),))]), ())
    assert verdict.summary == "goes by itself: all of it can be undone"


def test_many_reasons_are_counted_and_not_all_named() -> None:
    changes = tuple(Change(f"object-{number}", "kind", Action.DELETE) for number in range(9))
    assert judge([IRREVERSIBLE], PlanSet([plan(changes=changes)]), ()).because.endswith(", and 4 more)")
