"""The order of one promotion, and what stops it before anything was changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tasks.domain.errors import Refused, RolledBack, Unanswered
from tasks.promotion import operations
from tasks.promotion.environment_run import EnvironmentRun
from tasks.promotion.executor import LocalExecutor, LocalStep, Step, Verb
from tasks.promotion.gate import Consent
from tasks.promotion.reporter import Silent
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import no_answer, rejected, unit


def test_each_unit_is_applied_once_those_it_needs_have_passed(shop: Shop) -> None:
    shop.promote(shop.release("one", unit("app", needs=("network",), good="blue"), unit("network", good="blue")))
    assert shop.kinds("applied", "smoked", "verified") == [
        "applied network",
        "smoked network",
        "applied app",
        "smoked app",
        "verified",
    ]


def test_a_promotion_ends_verified_and_gives_the_environment_back(shop: Shop) -> None:
    release = shop.promoted("blue")
    state = shop.state()
    assert (state.verified, state.claim) == (release, None)
    assert shop.kinds()[0] == "claimed"
    assert shop.kinds()[-2:] == ["verified", "closed"]


def test_what_a_release_does_not_touch_is_not_applied(shop: Shop) -> None:
    shop.promoted("blue")
    shop.world.done.clear()
    units = [*shop.units("blue")[:2], unit("mail", good="green", objects={"it": "green"})]
    shop.promote(shop.release("two", *units))
    assert shop.world.done == ["apply dev/mail"]


class Recording(LocalExecutor):
    """Notes what is begun."""

    def __init__(self) -> None:
        super().__init__(8)
        self.begun: list[str] = []

    def submit(self, verb: Verb, run: Any, unit: str, *arguments: object, after: Sequence[Step] = ()) -> LocalStep:
        self.begun.append(f"{verb.name} {unit}")
        return super().submit(verb, run, unit, *arguments, after=after)


class Noting(Silent):
    """Notes which units are told to be up to date."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    def unchanged(self, run: EnvironmentRun, units: Sequence[str]) -> None:
        self.noted += units


VERBS = ("plan", "test", "apply", "smoke", "settle")


def test_nothing_is_begun_for_units_that_are_up_to_date_and_they_are_told_at_once(shop: Shop) -> None:
    shop.promoted("blue")
    shop.executor, reporter = Recording(), Noting()
    shop.runtime = replace(shop.runtime, reporter=reporter)
    units = [*shop.units("blue")[:2], unit("mail", good="green", objects={"it": "green"})]
    shop.promote(shop.release("two", *units))
    assert sorted(shop.executor.begun) == sorted(f"{verb} mail" for verb in VERBS)
    assert reporter.noted == ["network", "app"]


def test_a_unit_that_is_up_to_date_is_planned_once_what_it_needs_has_changed(shop: Shop) -> None:
    shop.promoted("blue")
    shop.executor, reporter = Recording(), Noting()
    shop.runtime = replace(shop.runtime, reporter=reporter)
    units = [unit("network", good="green", objects={"it": "green"}), *shop.units("blue")[1:]]
    shop.promote(shop.release("two", *units))
    assert reporter.noted == ["mail"]
    assert sorted(shop.executor.begun) == sorted(f"{verb} {name}" for verb in VERBS for name in ("network", "app"))


def test_promoting_the_same_release_again_applies_nothing(shop: Shop) -> None:
    release = shop.promoted("blue")
    shop.world.done.clear()
    shop.promote(release)
    assert shop.world.done == []


def test_units_without_differences_are_all_verified_by_a_first_promotion(shop: Shop) -> None:
    for name in ("network", "app", "mail"):
        shop.world.by_hand("dev", name, it="blue")
    release = shop.promoted("blue")
    assert shop.state().verified == release


def test_a_plan_without_an_answer_is_retried(shop: Shop) -> None:
    shop.world.fail("app", "plan", no_answer, no_answer)
    shop.promoted("blue")
    assert shop.state().verified == "blue"


def test_a_plan_that_gets_no_answer_stops_the_run_and_changes_nothing(shop: Shop) -> None:
    shop.world.fail("app", "validate", *[no_answer] * 3)
    with pytest.raises(Unanswered):
        shop.promote(shop.release("one"))
    assert shop.world.done == []
    assert (shop.state().claim, shop.state().rejected) == (None, frozenset())


def test_a_release_begins_only_where_it_is_verified_before(shop: Shop) -> None:
    with pytest.raises(Refused, match="not verified in dev; promote it there first"):
        shop.promote(shop.release("one"), to="staging")
    assert shop.kinds(environment="staging") == ["claimed", "closed"]


def test_a_rejected_release_comes_back_only_by_force(shop: Shop) -> None:
    shop.world.fail("app", "apply", rejected)
    release = shop.release("one")
    with pytest.raises(RolledBack):
        shop.promote(release)
    with pytest.raises(Refused, match="was rejected here"):
        shop.promote(release)
    shop.promote(release, force=True)
    assert shop.state().verified == release


def test_which_release_is_repaired_is_recorded(shop: Shop) -> None:
    blue = shop.release("blue", *shop.units("blue"))
    green = shop.release("green", *shop.units("green"))
    operations.promote(shop.runtime, shop.executor, blue, "dev")
    operations.promote(shop.runtime, shop.executor, green, "dev", consent=Consent(fixes=blue))
    (entry,) = (entry for entry in shop.runtime.ledger().entries("dev") if entry.kind == "fix_declared")
    assert (entry.body["release"], entry.body["fixes"]) == (green, blue)
