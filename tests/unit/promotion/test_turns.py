"""Who is worked on next, and how many at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.domain import graph
from tasks.domain.analysis import Analysis, Metric
from tasks.domain.errors import InvalidInput, Throttled
from tasks.domain.outcome import Applied, Outcome
from tasks.promotion import urgency
from tasks.promotion.runtime import compose
from tasks.promotion.turns import RECOVERS_AFTER, Accounts, Turns
from tasks.settings import Settings
from tasks.steps import session, side_by_side
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import unit


def queued(turns: Turns, *units: tuple[str, str, float], account: str = "") -> Callable[[], list[str]]:
    """Queue (unit, engine, urgency) behind one that is at work; the order in which they got their turn."""
    done: list[str] = []

    def work(unit: str, engine: str, urgency: float, waiting: threading.Semaphore) -> None:
        with turns.taken(engine, urgency, lambda _: waiting.release(), account):
            done.append(unit)

    waiting = threading.Semaphore(0)
    threads = [threading.Thread(target=work, args=(*unit, waiting)) for unit in units]
    for thread in threads:
        thread.start()
        assert waiting.acquire(timeout=60)

    def order() -> list[str]:
        for thread in threads:
            thread.join(60)
        return done

    return order


def test_whoever_has_the_longest_way_to_go_is_next() -> None:
    turns = Turns(1)
    with turns.taken("terraform", 0, lambda _: None):
        order = queued(turns, ("short", "terraform", 1), ("long", "terraform", 90), ("middle", "helm", 30))
    assert order() == ["long", "middle", "short"]


def test_of_those_with_an_equal_way_the_first_is_next() -> None:
    turns = Turns(1)
    with turns.taken("terraform", 0, lambda _: None):
        order = queued(turns, *((name, "terraform", 5.0) for name in "cab"))
    assert order() == ["c", "a", "b"]


def test_an_engine_with_a_limit_of_its_own_leaves_its_turn_to_others() -> None:
    turns = Turns(2, {"ansible": 1})
    with turns.taken("ansible", 0, lambda _: None):
        order = queued(turns, ("host", "ansible", 90))
        with turns.taken("terraform", 1, lambda _: pytest.fail("there is room")):
            pass
    assert order() == ["host"]


def test_an_account_with_a_limit_of_its_own_leaves_its_turn_to_others() -> None:
    turns = Turns(2, {"account:222222222222": 1})
    with turns.taken("terraform", 0, lambda _: None, "222222222222"):
        order = queued(turns, ("shop", "helm", 90), account="222222222222")
        with turns.taken("terraform", 1, lambda _: pytest.fail("there is room"), "333333333333"):
            pass
    assert order() == ["shop"]


def test_the_limit_of_an_account_is_that_of_all_environments_side_by_side() -> None:
    accounts, limits = Accounts(), {"account:222222222222": 1}
    europe, america = Turns(4, limits, accounts), Turns(4, limits, accounts)
    with europe.taken("terraform", 0, lambda _: None, "222222222222"):
        order = queued(america, ("shop", "terraform", 90), account="222222222222")
        with america.taken("terraform", 1, lambda _: pytest.fail("there is room"), "333333333333"):
            pass
    assert order() == ["shop"]


def test_a_unit_at_work_counts_for_its_account(shop: Shop) -> None:
    seen = []
    shop.world.fail("app", "apply", lambda *_: seen.append(shop.runtime.accounts.working["222222222222"]))
    shop.promote(shop.release("one", unit("app")))
    assert (seen, shop.runtime.accounts.working.total()) == ([1], 0)


def test_whoever_waits_is_woken_by_other_runs_and_nobody_else_is_kept() -> None:
    accounts = Accounts()
    ended, waits = Turns(1, accounts=accounts), Turns(1, accounts=accounts)
    with ended.taken("helm", 0, lambda _: None):
        assert accounts.turns == []
    with waits.taken("helm", 0, lambda _: None):
        order = queued(waits, ("shop", "helm", 1))
        assert accounts.turns == [waits]
    assert (order(), accounts.turns) == (["shop"], [])


def test_environments_side_by_side_share_the_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWMART_PLATFORM", "shop")
    monkeypatch.setenv("FLOWMART_STORE", str(tmp_path))
    seen = []

    def promote(_: str) -> None:
        with session() as (runtime, _executor):
            seen.append(runtime.accounts)

    side_by_side({"europe": (), "america": ()}, promote)
    assert len(seen) == 2
    assert seen[0] is seen[1]


def test_the_limits_of_engines_and_accounts_are_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWMART_PARALLELISM_OF", "ansible=1, account:222222222222=2")
    assert Settings().parallelism_of == {"ansible": 1, "account:222222222222": 2}


@pytest.mark.parametrize("name", ["ansibel", "account:", "account:shop", "222222222222"])
def test_a_limit_of_an_engine_or_account_that_there_cannot_be_is_refused(name: str, tmp_path: Path) -> None:
    settings = Settings(platform="shop", store=str(tmp_path), parallelism_of={name: 1})
    wanted = f"{name} is neither an engine nor account:ID of 12 digits; the engines are ansible, "
    with pytest.raises(InvalidInput, match=f"^FLOWMART_PARALLELISM_OF: {wanted}"):
        compose(settings)


def test_throttling_halves_what_is_done_at_once_and_calm_brings_it_back() -> None:
    turns = Turns(8)
    for left in (4, 2, 1, 1):
        with pytest.raises(Throttled), turns.taken("terraform", 0, lambda _: None):
            raise Throttled("Rate exceeded")
        assert turns.at_once == left
    recovered = []
    for _ in range(8 * RECOVERS_AFTER):
        with turns.taken("terraform", 0, lambda _: None):
            pass
        recovered.append(turns.at_once)
    assert recovered[RECOVERS_AFTER - 2 : RECOVERS_AFTER] == [1, 2]
    assert [recovered.index(more) + 1 for more in range(2, 9)] == [step * RECOVERS_AFTER for step in range(1, 8)]
    assert recovered[-1] == 8


def test_a_turn_that_fails_is_given_back() -> None:
    turns = Turns(1)
    with pytest.raises(ZeroDivisionError), turns.taken("terraform", 0, lambda _: None):
        raise ZeroDivisionError
    with turns.taken("terraform", 0, lambda _: pytest.fail("it is free")):
        pass


def test_whoever_gives_up_waiting_holds_nobody_up() -> None:
    turns = Turns(1)

    def give_up(_: str) -> None:
        raise KeyboardInterrupt

    with turns.taken("terraform", 0, lambda _: None):
        with pytest.raises(KeyboardInterrupt), turns.taken("terraform", 90, give_up):
            pytest.fail("it had no turn")
        order = queued(turns, ("next", "terraform", 1))
    assert order() == ["next"]


def test_the_way_to_the_end_is_that_of_the_costliest_chain() -> None:
    needs = {"network": (), "database": ("network",), "cache": ("network",), "shop": ("database", "cache")}
    costs = {"network": 10.0, "database": 300.0, "cache": 20.0, "shop": 5.0}
    assert graph.ways_to_the_end(needs, costs) == {"network": 315, "database": 305, "cache": 25, "shop": 5}


def test_what_is_not_among_the_units_costs_nothing() -> None:
    assert graph.ways_to_the_end({"shop": ("elsewhere",)}, {"shop": 5.0}) == {"shop": 5}


def test_a_unit_takes_as_long_as_last_time_or_in_the_environment_before_or_as_its_engine_usually() -> None:
    units = [replace(unit(name), engine="ansible") for name in ("bastion", "shop", "cache")]
    needs = {each.name: () for each in units}
    usual, took = {"ansible": 60.0}, [{"shop": 3.0}, {"shop": 9.0, "cache": 7.0}]
    assert urgency.of_units(units, needs, usual, took) == {"bastion": 60, "shop": 3, "cache": 7}


@pytest.mark.parametrize(("blocks", "found"), [(False, {"shop": 75, "mail": 50}), (True, {"shop": 125, "mail": 50})])
def test_an_analysis_counts_and_only_a_blocking_one_for_the_units_behind_it(
    blocks: bool, found: dict[str, float]
) -> None:
    analysis = Analysis((Metric("errors"),), length=60.0, window=30.0, lag=5.0, blocks=blocks)
    shop = replace(unit("shop"), analysis=analysis)
    needs = {"shop": (), "mail": ("shop",)}
    took = [{"shop": 10.0, "mail": 50.0}]
    assert urgency.of_units([shop, unit("mail", needs=["shop"])], needs, {"fake": 5.0}, took) == found


def test_an_error_says_whether_it_was_throttling() -> None:
    slow = Applied.unanswered(Throttled("Rate exceeded"))
    assert (slow.outcome, slow.throttled, slow.detail) == (Outcome.UNANSWERED, True, "Rate exceeded")
    assert replace(slow, throttled=False) == Applied(Outcome.UNANSWERED, detail="Rate exceeded")


def test_of_many_that_wait_only_the_next_one_is_woken() -> None:
    class Counted(Turns):
        looks = 0

        def _next(self) -> Any:
            self.looks += 1
            return super()._next()

    turns, many = Counted(1), 40
    with turns.taken("terraform", 0, lambda _: None):
        order = queued(turns, *((f"unit-{number}", "terraform", 1.0) for number in range(many)))
    assert len(order()) == many
    assert turns.looks < 10 * many
