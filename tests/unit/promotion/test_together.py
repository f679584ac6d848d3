"""Which units an engine may make ready together: those that a run works on at once, in one checkout."""

from __future__ import annotations

from tasks.drift import compare
from tasks.promotion import planning, promotion
from tasks.promotion.environment_run import EnvironmentRun, opened
from tests.unit.promotion.conftest import Shop


def beside(run: EnvironmentRun, unit: str) -> list[str]:
    """The units that a unit may be made ready with."""
    return sorted(other.name for other in run.workspace(run.target(unit)).together())


def test_units_of_a_first_plan_are_worked_on_together(shop: Shop) -> None:
    with opened(shop.runtime, shop.release("blue"), "dev") as run:
        assert beside(run, "app") == []
        promotion.plan_and_test(run, shop.executor)
        assert beside(run, "app") == ["mail", "network"]


def test_a_unit_that_is_as_it_was_is_not_worked_on(shop: Shop) -> None:
    shop.promoted("blue")
    units = shop.units("blue", mail={"more": "green"})
    with opened(shop.runtime, shop.release("other", *units), "dev") as run:
        assert planning.expected(run) == {"mail": "other"}


def test_units_are_compared_together_with_those_of_their_own_release(shop: Shop) -> None:
    shop.promoted("blue")
    shop.promote(shop.release("other", *shop.units("blue", mail={"more": "green"})))
    with opened(shop.runtime, "other", "dev") as run:
        compare(run, shop.executor)
        receipts = run.state().receipts
        found = {
            unit: sorted(each.name for each in run.workspace(receipt.target).together())
            for unit, receipt in receipts.items()
        }
    assert found == {"app": ["network"], "mail": [], "network": ["app"]}
