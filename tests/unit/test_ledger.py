"""The ledger: numbered, chained, written once, on a folder and on S3 alike."""

import threading
from pathlib import Path

import pytest

from tasks.domain.errors import BrokenChain, EnvironmentBusy, InvalidInput, NotFound
from tasks.domain.events import ClaimClosed, EnvironmentClaimed, UnitPlanned
from tasks.ledger.chain import Ledger
from tasks.ledger.entries import GENESIS
from tasks.ledger.snapshots import EVERY
from tasks.ledger.state import EnvironmentState
from tasks.ledger.store import Store
from tests.doubles.memory_store import MemoryStore

CLAIMED = EnvironmentClaimed(release="a", purpose="promote", holder={})


def planned(unit: str, creates: int) -> UnitPlanned:
    return UnitPlanned(unit=unit, release="a", counts={"create": creates})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def ledger(folder: Path) -> Ledger:
    return Ledger(Store.open(str(folder)), actor="ada", run="run-1")


def test_entries_follow_each_other_from_the_genesis(ledger: Ledger) -> None:
    first = ledger.append("dev", CLAIMED)
    second = ledger.append("dev", ClaimClosed(outcome="succeeded"))
    assert (first.number, first.previous) == (1, GENESIS)
    assert (second.number, second.previous) == (2, first.digest)
    assert second.id == "dev/2"


def test_each_environment_has_its_own_chain(ledger: Ledger) -> None:
    ledger.append("dev", CLAIMED)
    assert ledger.append("staging", CLAIMED).number == 1
    assert ledger.environments() == ("dev", "staging")


def test_another_ledger_of_the_same_store_sees_what_was_written_meanwhile(ledger: Ledger, folder: Path) -> None:
    other = Ledger(Store.open(str(folder)), actor="bob")
    assert other.entries("dev") == ()
    ledger.append("dev", CLAIMED)
    assert [entry.actor for entry in other.entries("dev")] == ["ada"]


def test_only_one_of_many_writers_gets_the_claim(folder: Path) -> None:
    won: list[int] = []
    lost: list[int] = []
    barrier = threading.Barrier(8)

    def writer(number: int) -> None:
        def only_the_first(state: EnvironmentState) -> EnvironmentClaimed:
            if state.claim:
                raise EnvironmentBusy("taken")
            return CLAIMED

        ledger = Ledger(Store.open(str(folder)), actor=str(number))
        barrier.wait()
        try:
            ledger.append("dev", only_the_first)
            won.append(number)
        except EnvironmentBusy:
            lost.append(number)

    threads = [threading.Thread(target=writer, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert len(lost) == 7


def test_many_writers_lose_no_entry(folder: Path) -> None:
    def writer(number: int) -> None:
        ledger = Ledger(Store.open(str(folder)), actor=str(number))
        for step in range(5):
            ledger.append("dev", planned(f"unit-{number}", step))

    threads = [threading.Thread(target=writer, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger = Ledger(Store.open(str(folder)), actor="reader")
    written = {(entry.body["unit"], entry.body["counts"]["create"]) for entry in ledger.entries("dev")}
    assert written == {(f"unit-{number}", step) for number in range(4) for step in range(5)}
    assert [entry.number for entry in ledger.entries("dev")] == list(range(1, 21))


def test_the_newest_entries_are_read_without_those_before_them() -> None:
    store = MemoryStore()
    writer = Ledger(store, "ada")
    for number in range(EVERY + 50):
        writer.append("dev", planned("app", number))
    store.asked.clear()
    found = Ledger(store, "bob").newest("dev", 3)
    assert [entry.number for entry in found] == [EVERY + 48, EVERY + 49, EVERY + 50]
    assert store.asked["read"] < 60
    assert len(writer.newest("dev", 10_000)) == EVERY + 50
    assert writer.newest("staging", 3) == ()


def test_damage_among_the_newest_entries_is_named() -> None:
    store = MemoryStore()
    writer = Ledger(store, "ada")
    for number in range(4):
        writer.append("dev", planned("app", number))
    del store.objects["ledger/dev/00000003.json"]
    with pytest.raises(BrokenChain, match="missing"):
        writer.newest("dev", 3)


def test_one_entry_is_read_by_its_number(ledger: Ledger) -> None:
    written = ledger.append("dev", CLAIMED)
    assert ledger.entry("dev", 1) == written
    with pytest.raises(NotFound):
        ledger.entry("dev", 2)


def test_an_empty_environment_name_is_refused(ledger: Ledger) -> None:
    with pytest.raises(InvalidInput, match="environment: none was chosen"):
        ledger.state("")


def test_entries_belong_to_the_platform_of_the_ledger(folder: Path) -> None:
    named = Ledger(Store.open(str(folder)), "ada", platform="shop")
    assert named.append("dev", CLAIMED).platform == "shop"
    assert Ledger(Store.open(str(folder)), "ada").append("dev", ClaimClosed(outcome="failed")).platform == "shop"
