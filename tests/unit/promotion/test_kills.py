"""A process can die at any write to the ledger, before or after it: what it left is always recovered.

Every write of a promotion, of a rollback and of a recovery is tried, both ways: about a hundred kills.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.memory_store import MemoryStore
from tests.unit.promotion.conftest import Shop

PAINTED = ("network", "app", "mail")


class Killed(BaseException):
    """The process is gone."""


class KillingStore(MemoryStore):
    """Kills the process at its n-th write, before or after it is done. A dead process writes nothing more."""

    def __init__(self) -> None:
        super().__init__()
        self.left: int | None = None
        self.before = True

    def create(self, name: str, data: bytes) -> None:
        if self.left is None:
            super().create(name, data)
            return
        if self.left <= 0:
            raise Killed
        self.left -= 1
        if self.left == 0 and self.before:
            raise Killed
        super().create(name, data)
        if self.left == 0:
            raise Killed


@pytest.fixture
def store() -> KillingStore:
    return KillingStore()


@pytest.fixture
def dying(tmp_path: Path, store: KillingStore) -> Shop:
    return Shop(tmp_path, store)


def die(shop: Shop, store: KillingStore, write: int, before: bool, release: str) -> None:
    """Promote, and die at that write; there are at least so many."""
    store.left, store.before = write, before
    with pytest.raises(Killed):
        shop.promote(release)
    store.left = None


def recovered(shop: Shop) -> None:
    if shop.state().claim:
        shop.recover()
    assert shop.state().claim is None
    assert shop.state().blocked is None


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, 17))
def test_a_good_promotion_that_dies_anywhere_is_recovered_and_rejects_nobody(
    dying: Shop, store: KillingStore, write: int, before: bool
) -> None:
    dying.promoted("blue")
    green = dying.release("green", *dying.units("green"))
    die(dying, store, write, before, green)
    recovered(dying)
    expected = dying.state().verified
    assert expected in ("blue", "green")
    assert dying.live() == {name: {"it": expected} for name in PAINTED}
    assert dying.state().rejected == frozenset()
    dying.promote(green)
    assert dying.live() == {name: {"it": "green"} for name in PAINTED}


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, 22))
def test_a_bad_promotion_that_dies_anywhere_is_rolled_back(
    dying: Shop, store: KillingStore, write: int, before: bool
) -> None:
    dying.promoted("blue")
    red = dying.release("red", *dying.units("red"))
    die(dying, store, write, before, red)
    recovered(dying)
    assert dying.live() == {name: {"it": "blue"} for name in PAINTED}
    assert dying.state().verified == "blue"


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, 9))
def test_a_recovery_that_dies_anywhere_is_recovered(
    dying: Shop, store: KillingStore, write: int, before: bool
) -> None:
    dying.promoted("blue")
    die(dying, store, 18, True, dying.release("red", *dying.units("red")))
    store.left, store.before = write, before
    with pytest.raises(Killed):
        dying.recover()
    store.left = None
    recovered(dying)
    assert dying.live() == {name: {"it": "blue"} for name in PAINTED}
