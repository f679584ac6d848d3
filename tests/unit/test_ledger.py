"""The ledger: numbered, chained, written once, on a folder and on S3 alike."""

import json
import threading
from pathlib import Path

import pytest

from tasks.domain.errors import BrokenChain, EnvironmentBusy
from tasks.domain.events import ClaimClosed, EnvironmentClaimed, UnitPlanned
from tasks.ledger.chain import Ledger, audit
from tasks.ledger.entries import GENESIS
from tasks.ledger.store import Store

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
        def only_the_first(entries: object) -> EnvironmentClaimed:
            if entries:
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
    assert audit(ledger, "dev") == 20


def _three_entries(ledger: Ledger) -> None:
    for number in range(3):
        ledger.append("dev", planned("orders", number))


def test_an_untouched_chain_adds_up(ledger: Ledger, folder: Path) -> None:
    _three_entries(ledger)
    assert audit(Ledger(Store.open(str(folder)), actor="auditor"), "dev") == 3


def test_audit_finds_a_changed_entry(ledger: Ledger, folder: Path) -> None:
    _three_entries(ledger)
    file = folder / "ledger/dev/00000002.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "actor": "somebody else"}))
    with pytest.raises(BrokenChain, match=r"00000002\.json was changed"):
        audit(Ledger(Store.open(str(folder)), actor="auditor"), "dev")


def test_audit_finds_a_removed_entry(ledger: Ledger, folder: Path) -> None:
    _three_entries(ledger)
    (folder / "ledger/dev/00000002.json").unlink()
    with pytest.raises(BrokenChain, match="entry 2 is missing"):
        audit(Ledger(Store.open(str(folder)), actor="auditor"), "dev")


def test_audit_finds_an_entry_that_was_written_again_with_a_fitting_digest(ledger: Ledger, folder: Path) -> None:
    _three_entries(ledger)
    forged = Ledger(Store.open(str(folder.parent / "forged")), actor="forger")
    forged.append("dev", planned("orders", 0))
    (folder / "ledger/dev/00000001.json").write_bytes(
        (folder.parent / "forged/ledger/dev/00000001.json").read_bytes()
    )
    with pytest.raises(BrokenChain, match="dev/2 does not follow"):
        audit(Ledger(Store.open(str(folder)), actor="auditor"), "dev")


def test_audit_finds_a_file_that_is_no_entry(ledger: Ledger, folder: Path) -> None:
    _three_entries(ledger)
    (folder / "ledger/dev/00000003.json").write_text("no JSON")
    with pytest.raises(BrokenChain, match=r"00000003\.json is not an entry"):
        audit(Ledger(Store.open(str(folder)), actor="auditor"), "dev")
