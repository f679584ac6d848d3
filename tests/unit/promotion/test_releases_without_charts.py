"""A release that was made without some charts leaves their units as they are; the ledger and the status say so."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput
from tasks.domain.events.claims import PROMOTE
from tasks.domain.platform import Unit
from tasks.promotion.session import claimed
from tasks.releases import omitted
from tasks.reports.board_notices import NOWHERE, Kind, notices
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import environment, unit

WHY = "FLOWMART_CHARTS=none when the release was made"


def without(shop: Shop, release: str, folder: Path, *units: str) -> str:
    """The release, as it was made without units of dev."""
    infrastructure = folder / release
    file = infrastructure / omitted.FILE
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"format": omitted.FORMAT, "why": WHY, "units": {"dev": units}}))
    shop.releases.of(release).infrastructure = infrastructure
    return release


def said(shop: Shop) -> list[str]:
    found = notices("fake", environment("dev"), shop.state(), datetime(2030, 1, 7, tzinfo=UTC), NOWHERE)
    return [notice.text for notice in found if notice.kind is Kind.OMITTED]


def stack(colour: str = "blue") -> list[Unit]:
    return [unit("stack", objects={"it": colour}), unit("rules", needs=("stack",)), unit("app", good="^[a-z]+$")]


def test_its_units_stay_as_they_are_and_the_ledger_and_the_status_say_so(shop: Shop, tmp_path: Path) -> None:
    shop.promote(without(shop, shop.release("blue", *stack()), tmp_path, "rules", "stack"))
    assert shop.kinds("applied", "units_omitted") == ["units_omitted", "applied app"]
    assert said(shop) == [f"rules, stack stay as they are: {WHY}"]


def test_a_release_that_has_them_brings_them_and_nothing_is_omitted_any_more(shop: Shop, tmp_path: Path) -> None:
    shop.promote(without(shop, shop.release("blue", *stack()), tmp_path, "rules", "stack"))
    shop.promote(shop.release("green", *stack("green")))
    assert shop.kinds("applied") == ["applied app", "applied stack", "applied rules"]
    assert said(shop) == []


def test_what_is_installed_is_neither_removed_nor_changed_nor_left_behind(shop: Shop, tmp_path: Path) -> None:
    shop.promote(shop.release("blue", *stack()))
    shop.promote(without(shop, shop.release("green", *stack("green")), tmp_path, "rules", "stack"))
    assert shop.live()["stack"] == {"it": "blue"}
    assert shop.state().receipts["stack"].target.release == "blue"
    assert said(shop) == [f"rules, stack stay as they are: {WHY}"]


def test_back_at_a_release_that_has_them_nothing_is_omitted(shop: Shop, tmp_path: Path) -> None:
    shop.promote(shop.release("blue", *stack()))
    bad = [*stack("green")[:2], unit("app", good="^[a-z]+$", objects={"it": "7"})]
    with pytest.raises(Exception, match="app"):
        shop.promote(without(shop, shop.release("green", *bad), tmp_path, "rules", "stack"))
    assert (shop.state().verified, said(shop)) == ("blue", [])


def test_a_promotion_that_comes_to_nothing_forgets_nothing(shop: Shop, tmp_path: Path) -> None:
    release = without(shop, shop.release("blue", *stack()), tmp_path, "rules", "stack")
    shop.promote(release)
    with claimed(shop.runtime, release, "dev", PROMOTE):
        pass
    assert (shop.state().verified, len(said(shop))) == ("blue", 1)


def test_another_environment_has_all_its_units(shop: Shop, tmp_path: Path) -> None:
    release = without(shop, shop.release("blue", *stack()), tmp_path, "rules", "stack")
    shop.promote(release)
    shop.promote(release, "staging")
    assert "applied stack" in shop.kinds("applied", environment="staging")


def test_a_record_of_a_newer_flowmart_is_refused(tmp_path: Path) -> None:
    file = tmp_path / omitted.FILE
    file.parent.mkdir()
    file.write_text('{"format": 2}')
    with pytest.raises(InvalidInput, match="format 2, but this flowmart reads 1; update flowmart"):
        omitted.load(tmp_path)
