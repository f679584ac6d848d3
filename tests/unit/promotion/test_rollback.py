"""Rolling back: what is rolled back, in which order, what is never removed, and what blocks the environment."""

from __future__ import annotations

import pytest

from tasks.domain.errors import EnvironmentBlocked, Interrupted, RollbackFailed, RolledBack
from tasks.domain.outcome import Applied, Outcome
from tasks.domain.plan import Plan
from tests.unit.promotion.conftest import WHEREVER, Shop
from tests.unit.promotion.fakes import FakeEngine, no_answer, rejected, unit

pytestmark = WHEREVER


def test_a_failed_check_rolls_back_in_reverse_order(shop: Shop) -> None:
    blue = shop.promoted("blue")
    red = shop.release("red", *shop.units("red"))
    with pytest.raises(RolledBack, match=r"good: expected .* found red"):
        shop.promote(red)
    rolled_back = shop.kinds("rolled_back")
    assert rolled_back.index("rolled_back app") < rolled_back.index("rolled_back network")
    assert shop.live() == {name: {"it": "blue"} for name in ("network", "app", "mail")}
    state = shop.state()
    assert (state.verified, state.rejected, state.claim) == (blue, {red}, None)


def test_a_failed_first_promotion_removes_what_it_made(shop: Shop) -> None:
    with pytest.raises(RolledBack):
        shop.promote(shop.release("red", *shop.units("red")))
    assert {name: there for name, there in shop.live().items() if there} == {}
    assert shop.state().receipts == {}


def test_the_reason_of_a_rollback_is_its_cause_and_not_a_consequence(shop: Shop) -> None:
    shop.promoted("blue")
    shop.world.fail("network", "apply", rejected)
    with pytest.raises(RolledBack) as raised:
        shop.promote(shop.release("green", *shop.units("green")))
    assert "quota exceeded" in str(raised.value).splitlines()[0] + str(raised.value).splitlines()[1]
    assert "not started" not in str(raised.value)
    entry = next(e for e in shop.runtime.ledger().entries("dev") if e.kind == "rolling_back")
    assert "quota exceeded" in entry.body["why"]
    assert "not started" not in entry.body["why"]


def test_a_rollback_without_an_answer_is_retried_until_it_is_done(shop: Shop) -> None:
    shop.promoted("blue")
    shop.world.fail("app", "plan_rollback", no_answer, no_answer, no_answer)
    with pytest.raises(RolledBack):
        shop.promote(shop.release("red", *shop.units("red")))
    assert shop.live()["app"] == {"it": "blue"}


def test_a_rollback_that_never_gets_an_answer_is_left_to_recover(shop: Shop) -> None:
    shop.promoted("blue")
    shop.world.fail("app", "plan_rollback", *[no_answer] * 50)
    red = shop.release("red", *shop.units("red"))
    with pytest.raises(Interrupted, match=r"the rollback of app stopped(.|\n)*run `flowmart recover dev`"):
        shop.promote(red)
    assert shop.state().claim is not None
    shop.world.faults.clear()
    assert shop.recover()
    assert shop.live()["app"] == {"it": "blue"}
    assert (shop.state().rejected, shop.state().claim) == ({red}, None)


def test_a_rejected_rollback_blocks_the_environment(shop: Shop) -> None:
    shop.promoted("blue")
    good = lambda *_: None  # noqa: E731
    shop.world.fail("app", "apply", good, lambda *_: Applied(Outcome.FAILED, detail="no permission"))
    with pytest.raises(RollbackFailed, match="no permission"):
        shop.promote(shop.release("red", *shop.units("red")))
    with pytest.raises(EnvironmentBlocked, match="flowmart resolve dev"):
        shop.promote(shop.release("green", *shop.units("green")))


def test_a_unit_that_always_has_a_change_is_rolled_back_once_and_is_good(shop: Shop) -> None:
    always = {"app": {"stamp": "~now"}}
    shop.promote(shop.release("blue", *shop.units("blue", **always)))
    shop.world.done.clear()
    with pytest.raises(RolledBack):
        shop.promote(shop.release("red", *shop.units("red", **always)))
    assert shop.world.done.count("apply dev/app") == 2
    assert shop.state().blocked is None


def test_a_rollback_never_deletes_what_the_release_did_not_create(shop: Shop) -> None:
    blue = shop.promoted("blue")
    shop.world.fail("app", "apply", lambda engine, plan: (engine.live.update(extra="by hand"), None)[1])
    with pytest.raises(RollbackFailed, match="did not create: extra"):
        shop.promote(shop.release("red", *shop.units("red")))
    assert shop.live()["app"]["extra"] == "by hand"
    assert shop.state().attempt.before.receipts["app"].target.release == blue


def test_what_the_release_created_under_another_name_may_be_removed_again(shop: Shop) -> None:
    shop.promoted("blue")
    shop.world.renames["app"] = {"new": "old"}

    def created_and_moved_back(engine: FakeEngine, _: Plan) -> None:
        engine.live["old"] = engine.live.pop("new")

    shop.world.fail("app", "plan_rollback", created_and_moved_back)
    with pytest.raises(RolledBack):
        shop.promote(shop.release("red", *shop.units("red", app={"new": "made"})))
    assert shop.live()["app"] == {"it": "blue"}


def test_what_needs_a_kept_unit_keeps_it(shop: Shop) -> None:
    shop.world.by_hand("dev", "app", it="old", more="things")
    with pytest.raises(RolledBack, match=r"app: kept as it is"):
        shop.promote(shop.release("one", *shop.units("blue")[:1], unit("app", needs=("network",), good="never")))
    assert shop.live()["network"] == {"it": "blue"}
