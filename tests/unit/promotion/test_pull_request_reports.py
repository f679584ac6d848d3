"""What a pull request's report says of an environment, for units that change and for those that stay as they are."""

from __future__ import annotations

from tasks.promotion.environment_run import opened
from tasks.promotion.promotion import plan_and_test
from tasks.reports import pull_requests
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import unit


def test_units_that_are_up_to_date_are_left_out_and_the_gate_is_told(shop: Shop) -> None:
    shop.promoted("blue")
    units = [*shop.units("blue")[:2], unit("mail", good="green", objects={"it": "green"})]
    two = shop.release("two", *units)
    with opened(shop.runtime, two, "dev") as run:
        report = pull_requests.of_steps(run, *plan_and_test(run, shop.executor))
    assert [each.unit for each in report.units] == ["mail"]
    assert report.gate == "goes by itself: no approval is wanted here"
