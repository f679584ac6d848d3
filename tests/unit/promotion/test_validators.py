"""The tool's own validators in the test stage of a promotion."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.domain.errors import Refused
from tasks.domain.platform import Level, Validation
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import rejected, unit


def test_what_a_validator_denies_is_not_applied(shop: Shop) -> None:
    with pytest.raises(Refused, match="denied\n  spelling: SP1: it is misspelled"):
        shop.promote(shop.release("one", unit("app", objects={"it": "bleu"})))
    assert shop.world.done == []
    assert shop.kinds("denied") == ["denied app"]


@pytest.mark.parametrize("chosen", [Validation(Level.WARN), Validation(ignore={"SP1": "it is French"})])
def test_a_unit_can_lift_what_a_validator_says(shop: Shop, chosen: Validation) -> None:
    app = replace(unit("app", objects={"it": "bleu"}), validators={"spelling": chosen})
    shop.promote(shop.release("one", app))
    assert shop.live() == {"app": {"it": "bleu"}}


def test_a_rollback_is_not_stopped_by_a_validator(shop: Shop) -> None:
    lenient = replace(unit("app", objects={"it": "bleu"}), validators={"spelling": Validation(Level.OFF)})
    shop.promote(shop.release("one", lenient))
    strict = replace(lenient, validators={})
    shop.releases.add("one", [strict], shop.environments)
    shop.world.fail("app", "apply", rejected)
    with pytest.raises(Refused):
        shop.promote(shop.release("two", unit("app", objects={"it": "green"})))
    assert shop.live() == {"app": {"it": "bleu"}}


def test_a_unit_that_is_planned_again_is_validated_once(shop: Shop) -> None:
    shop.promoted("blue")
    before = len(shop.kinds("planned"))
    shop.world.validated.clear()
    shop.promoted("green")
    planned = shop.kinds("planned")[before:]
    assert planned.count("planned app") == 2
    assert sorted(shop.world.validated) == ["app", "mail", "network"]
