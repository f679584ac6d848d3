"""Drift is what somebody did: right after an apply there is none, whatever servers fill in or change."""

from __future__ import annotations

import pytest

from tasks.domain.errors import Refused
from tasks.promotion import operations
from tests.unit.promotion.conftest import Shop


def test_there_is_no_drift_right_after_an_apply(shop: Shop) -> None:
    odd = {"app": {"stamp": "~now", "slow": "!value"}}
    release = shop.release("blue", *shop.units("blue", **odd))
    shop.promote(release)
    assert shop.drift(release).drifted == ()


def test_what_somebody_changed_is_drift(shop: Shop) -> None:
    release = shop.promoted("blue")
    shop.world.by_hand("dev", "app", it="pink")
    assert [(item.unit, item.address) for item in shop.drift(release).drifted] == [("app", "it")]


def test_a_promotion_does_not_overwrite_unexplained_drift(shop: Shop) -> None:
    release = shop.promoted("blue")
    shop.world.by_hand("dev", "app", it="pink")
    shop.drift(release)
    with pytest.raises(Refused, match="accept-drift"):
        shop.promote(shop.release("green", *shop.units("green")))
    shop.promote("green", accept_drift="known")
    assert shop.live()["app"] == {"it": "green"}


def test_reconciling_repairs_what_the_last_report_found(shop: Shop) -> None:
    release = shop.promoted("blue")
    shop.world.by_hand("dev", "app", it="pink")
    shop.drift(release)
    assert operations.reconcile(shop.runtime, shop.executor, "dev") == ("app",)
    assert shop.live()["app"] == {"it": "blue"}
    assert shop.drift(release).drifted == ()
