"""A process can die at any write to the ledger, before or after it: what it left is always recovered.

Every write of a promotion, of a rollback and of three recoveries is tried, both ways; then runs whose recoveries die
too, at random writes: more than two hundred kills.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tasks.domain.platform import Unit
from tests.doubles.memory_store import MemoryStore
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import unit

PAINTED = ("network", "app", "mail")
GOOD, BAD = 17, 22
"""How often a good promotion, and one that is rolled back, write to the ledger."""
RECOVERIES = {10: 8, 14: 13, 18: 8}
"""{the write at which a bad promotion died: how often its recovery writes}."""


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


def units(colour: str) -> list[Unit]:
    """One after the other, so that every run writes the same in the same order."""
    objects = {"it": colour}
    return [
        unit("network", good="^[a-z]+$", objects=objects),
        unit("app", needs=("network",), good="^[a-z]+$", objects=objects),
        unit("mail", needs=("app",), good="^(blue|green)$", objects=objects),
    ]


def promoted(shop: Shop) -> None:
    shop.promote(shop.release("blue", *units("blue")))


def die(store: KillingStore, write: int, before: bool, work: Callable[[], object]) -> None:
    """Do this, and die at that write; there are at least so many."""
    store.left, store.before = write, before
    with pytest.raises(Killed):
        work()
    store.left = None


def recovered(shop: Shop) -> None:
    if shop.state().claim:
        shop.recover()
    assert shop.state().claim is None
    assert shop.state().blocked is None


def painted(shop: Shop, colour: str | None) -> None:
    """Everything is in that colour, and that release is the verified one."""
    assert shop.state().verified == colour
    assert shop.live() == {name: {"it": colour} for name in PAINTED}


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, GOOD + 1))
def test_a_good_promotion_that_dies_anywhere_is_recovered_and_rejects_nobody(
    dying: Shop, store: KillingStore, write: int, before: bool
) -> None:
    promoted(dying)
    green = dying.release("green", *units("green"))
    die(store, write, before, lambda: dying.promote(green))
    recovered(dying)
    assert dying.state().verified in ("blue", "green")
    painted(dying, dying.state().verified)
    assert dying.state().rejected == frozenset()
    dying.promote(green)
    painted(dying, "green")


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, BAD + 1))
def test_a_bad_promotion_that_dies_anywhere_is_rolled_back(
    dying: Shop, store: KillingStore, write: int, before: bool
) -> None:
    promoted(dying)
    red = dying.release("red", *units("red"))
    die(store, write, before, lambda: dying.promote(red))
    recovered(dying)
    painted(dying, "blue")


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(
    ("died", "write"), [(died, write) for died, most in RECOVERIES.items() for write in range(1, most + 1)]
)
def test_a_recovery_that_dies_anywhere_is_recovered(
    dying: Shop, store: KillingStore, died: int, write: int, before: bool
) -> None:
    promoted(dying)
    red = dying.release("red", *units("red"))
    die(store, died, True, lambda: dying.promote(red))
    die(store, write, before, dying.recover)
    recovered(dying)
    painted(dying, "blue")


@pytest.mark.parametrize("seed", range(25))
def test_a_run_whose_recoveries_die_too_is_recovered(dying: Shop, store: KillingStore, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 (no secret)
    promoted(dying)
    colour, most = chance.choice([("green", GOOD), ("red", BAD)])
    release = dying.release(colour, *units(colour))
    die(store, chance.randint(5, most), chance.random() < 0.5, lambda: dying.promote(release))
    for _ in range(3):
        store.left, store.before = chance.randint(1, 8), chance.random() < 0.5
        with suppress(Killed):
            recovered(dying)
        store.left = None
    recovered(dying)
    painted(dying, dying.state().verified)
    assert dying.state().verified in ("blue", "green")
