"""A program that is missing here says nothing about the release: nothing is rejected, rolled back or blocked."""

from __future__ import annotations

import pytest

from tasks.domain.errors import Interrupted, StalePlan, Unequipped
from tasks.domain.outcome import Applied
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import killed, rejected

GREEN = {name: {"it": "green"} for name in ("network", "app", "mail")}


def missing(*_: object) -> Applied | None:
    raise Unequipped("terraform is not on PATH")


def test_an_apply_that_finds_no_program_is_interrupted_and_finished_by_recover(shop: Shop) -> None:
    shop.promoted("blue")
    shop.world.fail("app", "apply", missing)
    green = shop.release("green", *shop.units("green"))
    with pytest.raises(Interrupted, match=r"(?s)app.*terraform is not on PATH.*flowmart recover dev"):
        shop.promote(green)
    assert shop.state().claim
    assert not shop.kinds("unit rolled back", "release rejected")
    shop.recover()
    shop.promote(green)
    assert (shop.state().verified, shop.live()) == (green, GREEN)


def stale(*_: object) -> Applied | None:
    raise StalePlan("somebody changed it meanwhile")


def planned(*_: object) -> Applied | None:
    """Nothing goes wrong."""
    return None


def test_a_plan_that_finds_no_program_after_the_first_apply_rejects_nothing(shop: Shop) -> None:
    shop.promoted("blue")
    shop.world.fail("app", "apply", stale)
    shop.world.fail("app", "plan", planned, missing)
    green = shop.release("green", *shop.units("green"))
    with pytest.raises(Unequipped, match="terraform is not on PATH"):
        shop.promote(green)
    assert shop.state().rejected == frozenset()
    assert shop.promote(green) is None
    assert (shop.state().verified, shop.live()) == (green, GREEN)


def test_a_recovery_on_a_machine_without_the_program_changes_nothing(shop: Shop) -> None:
    shop.promoted("blue")
    shop.world.fail("app", "apply", killed)
    green = shop.release("green", *shop.units("green"))
    with pytest.raises(KeyboardInterrupt):
        shop.promote(green)
    there, known = shop.live(), shop.kinds("unit rolled back", "environment rolling back")
    shop.world.fail("app", "plan", missing)
    with pytest.raises(Interrupted, match="terraform is not on PATH"):
        shop.recover()
    assert (shop.live(), shop.kinds("unit rolled back", "environment rolling back")) == (there, known)
    assert shop.state().claim
    assert shop.recover()


def test_a_rollback_that_finds_no_program_is_interrupted_and_not_blocked(shop: Shop) -> None:
    blue = shop.promoted("blue")
    shop.world.fail("app", "apply", rejected)
    shop.world.fail("app", "plan_rollback", missing)
    green = shop.release("green", *shop.units("green"))
    with pytest.raises(
        Interrupted, match=r"not on PATH\nCorrect that on this machine, and run `flowmart recover dev`"
    ):
        shop.promote(green)
    assert shop.state().blocked is None
    assert shop.recover()
    assert (shop.state().verified, shop.state().rejected) == (blue, {green})
