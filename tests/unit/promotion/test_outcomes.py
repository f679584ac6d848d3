"""No answer is not a rejection: what follows when the answer to an apply is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.domain.errors import (
    ClaimLost,
    FlowmartError,
    Interrupted,
    InvalidInput,
    Refused,
    RolledBack,
    StalePlan,
    Unanswered,
)
from tasks.domain.outcome import Applied, Outcome
from tasks.domain.plan import Plan
from tasks.domain.values import MASK
from tasks.promotion import promotion
from tasks.promotion.environment_run import opened
from tests.unit.promotion.conftest import WHEREVER, Shop
from tests.unit.promotion.fakes import FakeEngine, half_done, lost_answer, no_answer, rejected, unit

pytestmark = WHEREVER


def test_a_lost_answer_to_a_finished_apply_rejects_nothing(shop: Shop) -> None:
    shop.promoted("blue")
    shop.world.fail("app", "apply", lost_answer)
    green = shop.promoted("green")
    state = shop.state()
    assert (state.verified, state.rejected) == (green, frozenset())
    assert shop.kinds("unanswered", "observed", "applied")[-3:] == ["applied app"] or "observed app" in shop.kinds()


def test_an_unanswered_apply_that_changed_nothing_is_tried_once_more(shop: Shop) -> None:
    shop.world.fail("app", "apply", no_answer)
    shop.promoted("blue")
    assert shop.world.done.count("apply dev/app") == 2
    assert shop.state().verified == "blue"


def test_it_is_not_tried_a_third_time(shop: Shop) -> None:
    shop.world.fail("app", "apply", no_answer, no_answer)
    with pytest.raises(Interrupted, match="flowmart recover dev"):
        shop.promote(shop.release("one"))
    assert shop.world.done.count("apply dev/app") == 2


@pytest.mark.parametrize("silences", [1, 5])
def test_observing_goes_on_until_there_is_an_answer(shop: Shop, silences: int) -> None:
    shop.world.fail("app", "apply", lost_answer)
    shop.world.fail("app", "observe", *[no_answer] * silences)
    shop.promoted("blue")
    assert shop.state().verified == "blue"


def test_a_partly_done_apply_leaves_the_environment_interrupted(shop: Shop) -> None:
    shop.promoted("blue")
    shop.world.fail("app", "apply", half_done)
    green = shop.release("green", *shop.units("green", app={"more": "things"}))
    with pytest.raises(Interrupted, match=r"partly done(.|\n)*Nothing was rolled back"):
        shop.promote(green)
    state = shop.state()
    assert state.claim is not None
    assert state.interrupted
    assert (state.rejected, state.attempt.rolling_back) == (frozenset(), None)
    assert "rolled_back app" not in shop.kinds()


def test_an_observation_that_is_rejected_rejects_nothing(shop: Shop) -> None:
    shop.promoted("blue")
    shop.world.fail("app", "apply", half_done)
    shop.world.fail("app", "observe", unreadable, unreadable)
    with pytest.raises(Interrupted, match=r"what is there cannot be read: there is no state(.|\n)*recover dev"):
        shop.promote(shop.release("green", *shop.units("green", app={"more": "things"})))
    assert (shop.state().rejected, shop.state().attempt.rolling_back) == (frozenset(), None)


def unreadable(_: FakeEngine, __: Plan) -> Applied | None:
    """The tool finds something else than what it applied."""
    raise Refused("there is no state")


def test_what_an_apply_did_without_a_record_is_not_done_twice(shop: Shop) -> None:
    shop.world.fail("app", "apply", unsaved)
    with pytest.raises(Interrupted, match=r"what it did is not recorded\n.*kept in a file"):
        shop.promote(shop.release("one"))
    assert shop.world.done.count("apply dev/app") == 1


def unsaved(_: FakeEngine, __: Plan) -> Applied | None:
    """Something is done that a later plan does not show."""
    return Applied(Outcome.UNANSWERED, detail="it is kept in a file", unsaved=True)


def test_nothing_more_begins_once_the_environment_is_interrupted(shop: Shop) -> None:
    shop.world.fail("network", "apply", half_done)
    release = shop.release("one", *shop.units("blue", network={"more": "things"}))
    with pytest.raises(Interrupted):
        shop.promote(release)
    assert "apply dev/app" not in shop.world.done


@pytest.mark.parametrize(
    ("error", "times"), [(Refused("no right to it"), 1), (InvalidInput("no tool"), 1), (StalePlan("changed"), 2)]
)
def test_nothing_more_begins_once_an_engine_raises_that_it_cannot_apply(
    shop: Shop, error: FlowmartError, times: int
) -> None:
    def raises(*_: object) -> None:
        raise error

    settings = shop.runtime.settings.model_copy(update={"parallelism": 1})
    shop.runtime = replace(shop.runtime, settings=settings)
    shop.pool.runtime = shop.runtime
    for name in ("one", "other"):
        shop.world.fail(name, "apply", *[raises] * times)
    with pytest.raises(RolledBack, match=str(error)):
        shop.promote(shop.release("blue", unit("one"), unit("other")))
    assert shop.kinds("applying") in (["applying one"] * times, ["applying other"] * times)


def test_a_rejection_elsewhere_rolls_an_unanswered_unit_back_too(shop: Shop) -> None:
    shop.promoted("blue")
    shop.world.fail("mail", "apply", half_done)
    shop.world.fail("network", "apply", rejected)
    green = shop.release("green", *shop.units("green", mail={"more": "things"}))
    with pytest.raises(RolledBack, match="quota exceeded"):
        shop.promote(green)
    assert shop.live() == {name: {"it": "blue"} for name in ("network", "app", "mail")}
    assert shop.state().rejected == {green}


def test_a_replan_without_an_answer_takes_nothing_back(shop: Shop) -> None:
    shop.promoted("blue")
    shop.world.fail("app", "plan", lambda *_: None, *[no_answer] * 3)
    with pytest.raises(Exception, match="connection reset") as raised:
        shop.promote(shop.release("green", *shop.units("green")))
    assert not isinstance(raised.value, RolledBack)
    assert shop.live()["network"] == {"it": "green"}
    assert shop.state().rejected == frozenset()


def test_a_lost_claim_is_told_before_what_it_left_without_an_answer(shop: Shop) -> None:
    release = shop.promoted("blue")
    before = shop.kinds()
    with opened(shop.runtime, release, "dev") as run, pytest.raises(ClaimLost, match="taken over"):
        promotion.settle(run, shop.executor, [Interrupted("app: no answer"), ClaimLost("dev: taken over")])
    assert shop.kinds() == before


def test_a_check_that_does_not_respond_says_how_to_go_on(shop: Shop) -> None:
    release = shop.release("one", *shop.units("blue", mail={"it": MASK}))
    with pytest.raises(Unanswered, match=r"smoke check did not respond(.|\n)*run `flowmart rollback dev`"):
        shop.promote(release)
    assert shop.state().rejected == frozenset()
