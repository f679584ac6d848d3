"""Rehearsing a rollback: the order of its steps, what is recorded of it, and what stops it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import EnvironmentBusy, FlowmartError, InvalidInput, Refused, RolledBack, Unanswered
from tasks.domain.events import EnvironmentClaimed
from tasks.domain.outcome import Applied, Outcome
from tasks.domain.plan import Plan, Reversibility
from tasks.domain.platform import Rehearsal, Unit
from tasks.domain.rehearsal import UnitResult
from tasks.domain.release import Inputs
from tasks.ledger.rehearsals import newest, sentence
from tasks.ledger.state import RecordedRehearsal
from tasks.metrics import Promotions
from tasks.promotion import eligibility, operations, rehearsal
from tasks.promotion.rehearsal_pairs import NothingToRehearse
from tests.doubles.memory_store import MemoryStore
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import FakeEngine, engine_of, environment, no_answer, rejected, unit
from tests.unit.promotion.test_kills import Killed, KillingStore

EVERYWHERE = ("dev", "staging", "scratch")
FORTH_AND_BACK = [("promote", "blue"), ("promote", "green"), ("roll back", "blue")]


def units(colour: str, *more: Unit, places: tuple[str, ...] = EVERYWHERE, **objects: str) -> list[Unit]:
    """The shop's units in every environment; `mail` is as it is in all releases."""
    network = {"it": colour, **objects}
    return [
        unit("network", good="^[a-z]+$", objects=network, environments=places),
        unit("app", needs=("network",), good="^[a-z]+$", objects={"it": colour}, environments=places),
        unit("mail", objects={"it": "white"}, environments=places),
        *more,
    ]


def rehearsing(shop: Shop, **more: Any) -> Shop:
    """The shop with an environment to rehearse rollbacks of dev in."""
    declared = environment("dev", rehearsal=Rehearsal("scratch"), **more)
    shop.environments = (declared, environment("staging", "dev"), environment("scratch"))
    return shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return rehearsing(Shop(tmp_path, MemoryStore()))


@pytest.fixture
def promoted(shop: Shop) -> Shop:
    """Blue, then green, are in dev."""
    for colour in ("blue", "green"):
        shop.promote(shop.release(colour, *units(colour)))
    return shop


def rehearse(shop: Shop, release: str | None = None, environment: str = "dev") -> RecordedRehearsal:
    return rehearsal.rehearse(shop.runtime, shop.executor, environment, release)


def claims(shop: Shop, environment: str = "scratch") -> list[tuple[str, str]]:
    entries = (entry.event for entry in shop.runtime.ledger().entries(environment))
    return [(event.purpose, event.release) for event in entries if isinstance(event, EnvironmentClaimed)]


def results(found: RecordedRehearsal) -> dict[str, str]:
    return {unit.name: unit.result.value for unit in found.event.units}


def test_the_release_that_is_there_is_rolled_back_to_the_one_before_in_the_scratch_environment(
    promoted: Shop,
) -> None:
    before = promoted.live("dev")
    found = rehearse(promoted)
    assert claims(promoted) == FORTH_AND_BACK
    assert promoted.live("dev") == before
    assert promoted.state("scratch").verified == "blue"
    assert (found.event.release, found.event.earlier, found.event.outcome) == ("green", "blue", Outcome.SUCCEEDED)
    assert results(found) == {"network": "rolled back", "app": "rolled back", "mail": "unchanged"}


def test_what_came_of_it_is_kept_in_the_ledger_of_the_environment_that_it_is_for(promoted: Shop) -> None:
    found = rehearse(promoted)
    assert newest(promoted.state("dev"), "green") == found
    assert promoted.state("scratch").rehearsals == ()
    told = "rehearsed 2030-01-07 12:00 UTC in scratch: the rollback from green to blue worked for all 3 units"
    assert sentence(found) == told


def test_it_can_be_rehearsed_again_though_the_first_time_rejected_the_release_in_the_scratch_environment(
    promoted: Shop,
) -> None:
    rehearse(promoted)
    assert promoted.state("scratch").rejected == {"green"}
    assert rehearse(promoted).event.outcome is Outcome.SUCCEEDED
    assert len(promoted.state("dev").rehearsals) == 1
    assert promoted.kinds("rehearsed") == ["rehearsed", "rehearsed"]


def test_a_release_that_is_named_is_rehearsed_over_the_one_that_is_there(promoted: Shop) -> None:
    red = promoted.release("red", *units("red"))
    found = rehearse(promoted, red)
    assert (found.event.release, found.event.earlier) == ("red", "green")


def test_the_release_that_comes_next_is_rehearsed_before_the_one_that_is_there(shop: Shop) -> None:
    shop.environments = (
        environment("dev"),
        environment("staging", "dev", rehearsal=Rehearsal("scratch")),
        environment("scratch"),
    )
    for colour in ("blue", "green"):
        shop.release(colour, *units(colour))
        shop.promote(colour)
    shop.promote("green", "staging")
    red = shop.release("red", *units("red"))
    shop.promote(red)
    found = rehearse(shop, environment="staging")
    assert (found.event.release, found.event.earlier) == ("red", "green")


def test_a_release_that_was_rejected_there_does_not_come_next(shop: Shop) -> None:
    staging = environment("staging", "dev", rehearsal=Rehearsal("scratch"))
    shop.environments = (environment("dev"), staging, environment("scratch"))
    for colour in ("blue", "green", "red"):
        shop.release(colour, *units(colour))
        shop.promote(colour)
        if colour == "red":
            shop.world.fail("app", "apply", rejected)
            with pytest.raises(RolledBack):
                shop.promote(colour, "staging")
        else:
            shop.promote(colour, "staging")
    found = rehearse(shop, environment="staging")
    assert (found.event.release, found.event.earlier) == ("green", "blue")


def test_what_cannot_be_brought_back_is_named(shop: Shop) -> None:
    shop.promote(shop.release("blue", *units("blue", table="orders")))
    shop.promote(shop.release("green", *units("green")))
    found = rehearse(shop)
    (network,) = (unit for unit in found.event.units if unit.name == "network")
    assert (network.result, network.why) == (UnitResult.IRREVERSIBLE, "deletes table")
    assert sentence(found).endswith("worked for 2 of 3 units; network: irreversible (deletes table)")


def test_units_that_the_scratch_environment_does_not_have_are_not_rehearsed(shop: Shop) -> None:
    for colour in ("blue", "green"):
        shop.promote(shop.release(colour, *units(colour, unit("search", objects={"it": colour}))))
    found = rehearse(shop)
    assert results(found)["search"] == "not rehearsed"
    assert "search: not rehearsed (scratch does not have it)" in sentence(found)


def test_units_that_are_omitted_are_not_rehearsed(shop: Shop) -> None:
    fake = engine_of(shop.world)
    engines = {"fake": fake, "search": replace(fake, name="search", on_search_server=True)}
    settings = shop.runtime.settings.model_copy(update={"opensearch": "none"})
    shop.runtime = replace(shop.runtime, engines=engines, settings=settings)
    logs = replace(unit("logs", environments=EVERYWHERE), engine="search")
    for colour in ("blue", "green"):
        shop.promote(shop.release(colour, *units(colour, logs)))
    assert "logs: not rehearsed (FLOWMART_OPENSEARCH=none)" in sentence(rehearse(shop))


def test_a_rehearsal_of_omitted_units_alone_is_none(shop: Shop) -> None:
    settings = shop.runtime.settings.model_copy(update={"opensearch": "none"})
    searching = replace(engine_of(shop.world), name="search", on_search_server=True)
    shop.runtime = replace(shop.runtime, engines={**shop.runtime.engines, "search": searching}, settings=settings)
    for colour in ("blue", "green"):
        logs = replace(unit("logs", objects={"it": colour}, environments=EVERYWHERE), engine="search")
        shop.promote(shop.release(colour, logs))
    with pytest.raises(InvalidInput, match=r"logs: not rehearsed \(FLOWMART_OPENSEARCH=none\)"):
        rehearse(shop)
    assert shop.state("dev").rehearsals == ()


def test_a_unit_that_the_release_brings_is_left_in_place(shop: Shop) -> None:
    shop.promote(shop.release("blue", *units("blue")))
    new = unit("search", objects={"it": "green"}, environments=EVERYWHERE)
    shop.promote(shop.release("green", *units("green", new)))
    assert results(rehearse(shop))["search"] == "left in place"


def test_a_rollback_that_leaves_differences_is_recorded_as_failed(promoted: Shop) -> None:
    def not_really(engine: FakeEngine, plan: Plan) -> Applied:
        return Applied(Outcome.SUCCEEDED, {"it": "blue"})

    promoted.world.fail("app", "apply", *_after_two(not_really))
    with pytest.raises(Refused, match=r"left differences: app: differs \(it\)"):
        rehearse(promoted)
    found = newest(promoted.state("dev"), "green")
    assert found is not None
    assert (found.event.outcome, results(found)["app"]) == (Outcome.FAILED, "differs")
    # The next time, what was left is there from the beginning: that is not an excuse.
    promoted.world.fail("app", "apply", not_really)
    with pytest.raises(Refused, match="left differences"):
        rehearse(promoted)


def _after_two(fault: Callable[[FakeEngine, Plan], Applied | None]) -> list[Callable[..., Applied | None]]:
    """A fault at the third apply."""
    return [lambda *_: None, lambda *_: None, fault]


@pytest.mark.parametrize(
    ("faults", "told", "there"),
    [
        ([rejected], "promoting the earlier release", None),
        ([lambda *_: None, rejected], "promoting the release", "blue"),
        (_after_two(rejected), "rolling back", "green"),
    ],
)
def test_a_step_that_is_rejected_is_evidence_too(
    promoted: Shop, faults: list[Any], told: str, there: str | None
) -> None:
    promoted.world.fail("app", "apply", *faults)
    with pytest.raises(RolledBack, match="quota exceeded"):
        rehearse(promoted)
    found = newest(promoted.state("dev"), "green")
    assert found is not None
    assert found.event.why.startswith(f"{told}: ")
    assert sentence(found).startswith("rehearsal FAILED 2030-01-07 12:")
    assert promoted.state("scratch").verified == there
    assert promoted.state("dev").verified == "green"


def test_a_release_that_a_policy_denies_is_evidence_too(promoted: Shop) -> None:
    red = promoted.release("red", *units("red", more="bleu"))
    with pytest.raises(Refused, match="more is misspelled"):
        rehearse(promoted, red)
    found = newest(promoted.state("dev"), "red")
    assert found is not None
    assert found.event.why.startswith("promoting the release: network in scratch at red: denied")


@pytest.mark.parametrize("step", range(3))
def test_a_step_that_cannot_be_tried_is_no_evidence(promoted: Shop, step: int) -> None:
    def without_credentials(*_: object) -> None:
        raise Refused("no AWS credentials were found")

    promoted.world.fail("network", "plan", *[lambda *_: None] * step, without_credentials)
    with pytest.raises(Refused, match="no AWS credentials"):
        rehearse(promoted)
    assert promoted.state("dev").rehearsals == ()


def test_a_work_pool_that_is_not_there_is_no_evidence(shop: Shop) -> None:
    shop.environments = (*shop.environments[:2], environment("scratch", work_pool="units"))
    for colour in ("blue", "green"):
        shop.promote(shop.release(colour, *units(colour)))
    shop.pool.absent = True
    with pytest.raises(Refused, match="no work pool units"):
        rehearse(shop)
    assert shop.state("dev").rehearsals == ()


@pytest.mark.parametrize("faults", [3, 20])
def test_a_step_without_an_answer_is_no_evidence(promoted: Shop, faults: int) -> None:
    promoted.world.fail("app", "plan", *[no_answer] * faults)
    with pytest.raises(Unanswered):
        rehearse(promoted)
    assert promoted.state("dev").rehearsals == ()


@pytest.mark.parametrize("write", range(1, 41, 5))
@pytest.mark.parametrize("before", [True, False])
def test_a_rehearsal_that_was_killed_is_recovered_by_the_next_one(tmp_path: Path, write: int, before: bool) -> None:
    store = KillingStore()
    shop = rehearsing(Shop(tmp_path, store))
    for colour in ("blue", "green"):
        shop.promote(shop.release(colour, *units(colour)))
    store.left, store.before = write, before
    with pytest.raises(Killed):
        rehearse(shop)
    store.left = None
    assert shop.state("dev").rehearsals == ()
    shop.recover("scratch")
    assert rehearse(shop).event.outcome is Outcome.SUCCEEDED
    assert (shop.state("scratch").verified, shop.state("scratch").claim) == ("blue", None)


def test_another_run_in_between_is_noticed(promoted: Shop) -> None:
    def meanwhile(engine: FakeEngine, plan: Plan) -> Applied | None:
        if not promoted.state("scratch").claim:
            other = replace(promoted.runtime, rehearses="dev")
            operations.promote(other, promoted.executor, "green", "scratch", force=True)
        return None

    promoted.world.fail("mail", "verify", meanwhile)
    with pytest.raises(EnvironmentBusy, match="rehearse again"):
        rehearse(promoted)
    assert promoted.state("dev").rehearsals == ()


def test_nothing_is_rehearsed_before_there_are_two_releases(shop: Shop) -> None:
    blue = shop.release("blue", *units("blue"))
    with pytest.raises(NothingToRehearse, match="no release is verified here now"):
        rehearse(shop)
    shop.promote(blue)
    with pytest.raises(NothingToRehearse, match="nothing to rehearse: dev: no release to roll back to"):
        rehearse(shop)


def test_an_environment_that_declares_no_rehearsal_has_none(promoted: Shop) -> None:
    promoted.promote("green", "staging")
    with pytest.raises(InvalidInput, match="staging: release green does not say where its rollback is rehearsed"):
        rehearse(promoted, environment="staging")


def test_an_environment_that_no_release_declares_is_unknown(promoted: Shop) -> None:
    with pytest.raises(InvalidInput, match="environment prod: release green has dev, staging, scratch"):
        rehearse(promoted, "green", "prod")


def test_both_releases_declare_the_scratch_environment(shop: Shop) -> None:
    declared, shop.environments = shop.environments, (environment("dev"),)
    shop.promote(shop.release("blue", *units("blue", places=("dev",))))
    shop.environments = declared
    shop.promote(shop.release("green", *units("green")))
    with pytest.raises(InvalidInput, match="environment scratch: release blue has dev"):
        rehearse(shop)


@pytest.mark.parametrize("places", [("dev",), ("scratch",)])
def test_the_scratch_environment_has_units_of_the_environment_and_no_others(
    shop: Shop, places: tuple[str, ...]
) -> None:
    other = unit("other", environments=places)
    for colour in ("blue", "green"):
        declared = [replace(each, environments=("dev",)) for each in units(colour)]
        shop.promote(shop.release(colour, *declared, other))
    told = "scratch has no units" if places == ("dev",) else "scratch has units that dev does not have: other"
    with pytest.raises(InvalidInput, match=told):
        rehearse(shop)


def test_a_release_that_people_promoted_is_not_replaced(promoted: Shop) -> None:
    declared, promoted.environments = promoted.environments, (environment("dev"), environment("scratch"))
    promoted.promote(promoted.release("red", *units("red", places=("dev", "scratch"))), "scratch")
    promoted.environments = declared
    with pytest.raises(Refused, match="scratch: red was promoted here, and a rehearsal would replace it"):
        rehearse(promoted)
    assert promoted.state("scratch").verified == "red"


def test_a_scratch_environment_that_waits_for_an_approval_rehearses_nothing(shop: Shop) -> None:
    asking = environment("scratch", approval=replace(environment("x").approval, when=("always",)))
    shop.environments = (*shop.environments[:2], asking)
    for colour in ("blue", "green"):
        shop.promote(shop.release(colour, *units(colour)))
    with pytest.raises(Refused, match="nothing was rehearsed"):
        rehearse(shop)
    assert shop.state("dev").rehearsals == ()


def test_releases_come_to_the_scratch_environment_by_rehearsals_alone(promoted: Shop) -> None:
    with pytest.raises(InvalidInput, match="scratch: it is for rehearsals"):
        promoted.promote("green", "scratch")
    with pytest.raises(InvalidInput, match="scratch: it is for rehearsals"):
        eligibility.unfinished(promoted.runtime, "green", "scratch")
    assert [*eligibility.unfinished(promoted.runtime, "green", None)] == ["staging"]


def test_a_rehearsal_is_no_promotion_in_the_measures_of_the_delivery(promoted: Shop) -> None:
    rehearse(promoted)
    assert Promotions(promoted.runtime.ledger().entries("scratch")).all == []
    assert len(Promotions(promoted.runtime.ledger().entries("dev")).all) == 2


def test_nobody_is_notified_of_what_a_rehearsal_undoes_but_of_one_that_failed(promoted: Shop) -> None:
    told: list[str] = []

    class Listening(type(promoted.runtime.reporter)):  # type: ignore[misc]
        def returned(self, *_: object) -> None:
            told.append("returned")

        def rolled_back(self, *_: object) -> None:
            told.append("rolled back")

        def failed(self, *_: object) -> None:
            told.append("failed")

        def rehearsed(self, _: str, found: RecordedRehearsal) -> None:
            told.append(found.event.outcome.value)

    promoted.runtime = replace(promoted.runtime, reporter=Listening())
    promoted.world.fail("app", "apply", lambda *_: None, rejected)
    with pytest.raises(FlowmartError):
        rehearse(promoted)
    rehearse(promoted)
    assert told == ["failed", "succeeded"]


class CarefulEngine(FakeEngine):
    """As Ansible, it does not see everything that there may be."""

    def plan(self, inputs: Inputs) -> Plan:
        return replace(super().plan(inputs), reversibility=Reversibility.NEEDS_CARE)


def test_a_tool_that_may_not_see_everything_is_said_to_and_nothing_is_called_lost(shop: Shop) -> None:
    careful = replace(engine_of(shop.world), make=lambda workspace: CarefulEngine(shop.world, workspace))
    shop.runtime = replace(shop.runtime, engines={"fake": careful})
    for colour in ("blue", "green"):
        shop.promote(shop.release(colour, *units(colour)))
    found = rehearse(shop)
    assert {unit.result for unit in found.event.units} <= {UnitResult.NEEDS_CARE, UnitResult.UNCHANGED}
    assert "needs care (its tool finds it as it was, but may not see all" in sentence(found)
