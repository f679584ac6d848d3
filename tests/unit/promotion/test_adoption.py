"""What existed before our first apply is never removed by a rollback."""

from __future__ import annotations

import pytest

from tasks.domain.errors import InvalidInput, Refused, RolledBack
from tasks.domain.outcome import Applied
from tasks.domain.plan import Plan, Reversibility
from tasks.promotion import operations
from tasks.promotion.environment_run import opened
from tasks.promotion.promotion import plan_and_test
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import FakeEngine, Fault, no_answer

OLD = {"it": "old", "precious": "data"}


def refused(_: FakeEngine, __: Plan) -> Applied:
    raise Refused("the template has a syntax error")


def failing(shop: Shop) -> str:
    return shop.release("red", *shop.units("red", app={"precious": "data"}))


def test_what_existed_survives_a_failed_first_promotion(shop: Shop) -> None:
    shop.world.by_hand("dev", "app", **OLD)
    with pytest.raises(RolledBack, match="app: kept as it is"):
        shop.promote(failing(shop))
    assert shop.live()["app"]["precious"] == "data"


def test_where_the_tool_keeps_the_earlier_version_the_rollback_returns_to_it(shop: Shop) -> None:
    shop.world.keeps_versions = True
    shop.world.by_hand("dev", "app", **OLD)
    with pytest.raises(RolledBack, match="back on 2 objects"):
        shop.promote(failing(shop))
    assert shop.live()["app"] == OLD


def test_the_plan_says_what_it_adopts_and_that_it_cannot_simply_be_undone(shop: Shop) -> None:
    shop.world.by_hand("dev", "network", **OLD)
    with opened(shop.runtime, failing(shop), "dev") as run:
        planned = plan_and_test(run, shop.executor)[0]["network"].result()
    assert isinstance(planned, Plan)
    assert planned.warnings[0].startswith("adopts what exists: 2 objects")
    assert planned.reversibility is not Reversibility.REVERSIBLE


def test_adopting_records_a_baseline_and_applies_nothing(shop: Shop) -> None:
    shop.world.by_hand("dev", "app", **OLD)
    adopted = operations.adopt(shop.runtime, shop.executor, shop.release("one"), "dev")
    assert [one.unit for one in adopted] == ["app"]
    assert shop.world.done == []
    assert shop.state().baselines["app"].description == "2 objects"
    assert shop.state().claim is None


def test_where_nothing_exists_there_is_nothing_to_adopt(shop: Shop) -> None:
    with pytest.raises(InvalidInput, match="nothing exists of app"):
        operations.adopt(shop.runtime, shop.executor, shop.release("one"), "dev", "app")


def test_what_a_release_would_import_is_listed_where_nothing_is_recorded(shop: Shop) -> None:
    shop.world.imports["network"] = {"precious": "somebody's"}
    [found] = operations.adopt(shop.runtime, shop.executor, shop.release("one"), "dev")
    assert found.plan
    assert (found.unit, found.baseline) == ("network", None)
    assert [(each.address, each.identity) for each in found.plan.imports] == [("precious", "somebody's")]
    assert (shop.state().baselines, shop.world.done, shop.state().claim) == ({}, [], None)


@pytest.mark.parametrize("fault", [refused, no_answer])
def test_a_unit_that_cannot_be_planned_keeps_no_other_from_being_adopted(shop: Shop, fault: Fault) -> None:
    shop.world.by_hand("dev", "app", **OLD)
    shop.world.fail("network", "plan", fault)
    adopted = operations.adopt(shop.runtime, shop.executor, shop.release("one"), "dev")
    assert [one.unit for one in adopted] == ["app"]
    assert not shop.world.faults["network", "plan"]


def test_a_baseline_outlives_the_run_that_found_it(shop: Shop) -> None:
    shop.world.by_hand("dev", "app", **OLD)
    operations.adopt(shop.runtime, shop.executor, shop.release("one"), "dev", "app")
    with pytest.raises(RolledBack):
        shop.promote(failing(shop))
    with pytest.raises(RolledBack):
        shop.promote("red", force=True)
    assert shop.live()["app"]["precious"] == "data"
