"""What a killed run left: observed, then finished or rolled back, and nobody is rejected for it."""

from __future__ import annotations

import pytest

from tasks.domain.errors import Interrupted, RollbackFailed
from tasks.domain.outcome import Applied, Outcome
from tests.unit.promotion.conftest import WHEREVER, Shop
from tests.unit.promotion.fakes import half_done, killed, lost_answer, no_answer

pytestmark = WHEREVER


def kill(shop: Shop, release: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        shop.promote(release)


def test_what_a_killed_run_began_is_rolled_back_without_rejecting_the_release(shop: Shop) -> None:
    blue = shop.promoted("blue")
    shop.world.fail("app", "apply", killed)
    green = shop.release("green", *shop.units("green"))
    kill(shop, green)
    assert shop.recover()
    assert shop.live() == {name: {"it": "blue"} for name in ("network", "app", "mail")}
    state = shop.state()
    assert (state.verified, state.rejected, state.claim) == (blue, frozenset(), None)


def test_a_run_whose_tool_finished_without_it_is_finished(shop: Shop) -> None:
    shop.promoted("blue")

    def done_then_killed(engine: object, plan: object) -> None:
        lost_answer(engine, plan)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    shop.world.fail("app", "apply", done_then_killed)
    green = shop.release("green", *shop.units("green"))
    kill(shop, green)
    assert shop.recover()
    state = shop.state()
    assert (state.verified, state.claim) == (green, None)


def test_an_interrupted_environment_is_recovered_once_it_responds(shop: Shop) -> None:
    blue = shop.promoted("blue")
    shop.world.fail("app", "apply", half_done)
    green = shop.release("green", *shop.units("green", app={"more": "things"}))
    with pytest.raises(Exception, match="partly done"):
        shop.promote(green)
    assert shop.recover()
    assert shop.live()["app"] == {"it": "blue"}
    state = shop.state()
    assert (state.verified, state.rejected, state.interrupted) == (blue, frozenset(), None)


def test_a_recovery_without_an_answer_leaves_the_claim_to_the_next_one(shop: Shop) -> None:
    shop.promoted("blue")
    shop.world.fail("app", "apply", killed)
    green = shop.release("green", *shop.units("green"))
    kill(shop, green)
    there = shop.live()
    shop.world.fail("app", "plan", *[no_answer] * 10)
    with pytest.raises(Interrupted, match=r"(?s)connection reset.*flowmart recover dev"):
        shop.recover()
    assert (shop.live(), bool(shop.state().claim)) == (there, True)
    shop.world.faults.clear()
    assert shop.recover()
    assert shop.live() == {name: {"it": "blue"} for name in ("network", "app", "mail")}


def test_there_is_nothing_to_recover_after_a_good_run(shop: Shop) -> None:
    shop.promoted("blue")
    assert shop.recover() is False


@pytest.mark.parametrize("verb", ["plan", "apply", "settle"])
@pytest.mark.parametrize("unit", ["network", "app", "mail"])
def test_killed_anywhere_a_promotion_can_be_recovered_and_made_again(shop: Shop, verb: str, unit: str) -> None:
    shop.promoted("blue")
    shop.world.fail(unit, verb, killed)
    green = shop.release("green", *shop.units("green"))
    kill(shop, green)
    if shop.state().claim:
        shop.recover()
    if shop.state().verified != green:
        shop.promote(green)
    assert shop.live() == {name: {"it": "green"} for name in ("network", "app", "mail")}
    assert shop.state().rejected == frozenset()


def test_a_recovery_whose_rollback_is_rejected_tries_it_once_and_blocks_the_environment(shop: Shop) -> None:
    shop.promoted("blue")

    def done_then_killed(engine: object, plan: object) -> None:
        lost_answer(engine, plan)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    shop.world.fail("app", "apply", done_then_killed)
    kill(shop, shop.release("red", *shop.units("red")))
    good = lambda *_: None  # noqa: E731
    shop.world.fail("app", "apply", good, lambda *_: Applied(Outcome.FAILED, detail="no permission"))
    with pytest.raises(RollbackFailed, match="no permission"):
        shop.recover()
    assert shop.kinds("rolling_back") == ["rolling_back"]
    assert shop.state().blocked
