"""A store's copy: complete, continued, and never mixed with another store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployments import cli
from tasks.domain.errors import InvalidInput, Unanswered
from tasks.domain.events import UnitPlanned
from tasks.ledger import auditing, secret_key
from tasks.ledger.chain import Ledger
from tasks.ledger.copying import Copied, copy
from tasks.ledger.snapshots import EVERY
from tasks.ledger.store import Store
from tests.doubles.memory_store import MemoryStore
from tests.formats import outputs
from tests.platforms.mini import MiniPlatform


def happen(store: Store, times: int, release: str = "a") -> None:
    ledger = Ledger(store, "ada")
    for number in range(times):
        ledger.append("dev", UnitPlanned(unit="orders", release=release, counts={"create": number}))


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    secret_key.secret_key(made)
    made.create("releases/0123456789ab.json", b"release")
    made.create("github/comments/7.json", b"comment")
    happen(made, EVERY + 3)
    return made


def test_a_copy_has_everything_and_adds_up(store: MemoryStore) -> None:
    target = MemoryStore()
    assert copy(store, target) == Copied(len(store.objects), 0)
    assert target.objects == store.objects
    assert (auditing.audit(target, "dev").entries, auditing.audit(target, "dev").problems) == (EVERY + 3, [])
    assert secret_key.identity(target) == secret_key.identity(store)


def test_only_what_is_new_is_copied_again(store: MemoryStore) -> None:
    target = MemoryStore()
    copy(store, target)
    before = len(store.objects)
    happen(store, 2)
    assert copy(store, target) == Copied(2, before)
    assert target.objects == store.objects


class FullStore(MemoryStore):
    """Takes so many objects, and then no more."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def create(self, name: str, data: bytes) -> None:
        if len(self.objects) >= self._room:
            raise Unanswered("no space left")
        super().create(name, data)


@pytest.mark.parametrize("room", [1, 3, 5, EVERY])
def test_an_interrupted_copy_is_a_store_of_earlier_and_goes_on(store: MemoryStore, room: int) -> None:
    target = FullStore(room)
    with pytest.raises(Unanswered):
        copy(store, target)
    ledger = [name for name in target.objects if name.startswith("ledger/")]
    assert ledger == sorted(store.names("ledger"))[: len(ledger)]
    assert not ledger or {*store.names("releases"), *store.names("keys")} <= target.objects.keys()
    whole = MemoryStore()
    whole.objects = dict(target.objects)
    copy(store, whole)
    assert whole.objects == store.objects


def test_what_a_run_writes_meanwhile_is_whole_in_the_copy(store: MemoryStore) -> None:
    class Busy(MemoryStore):
        """Another release is promoted as soon as the first object is copied."""

        def create(self, name: str, data: bytes) -> None:
            if not self.objects:
                happen(store, 1, release="b")
            super().create(name, data)

    target = Busy()
    copy(store, target)
    assert auditing.audit(target, "dev").problems == []


def test_a_job_that_is_removed_meanwhile_is_not_missed(store: MemoryStore) -> None:
    class Clearing(MemoryStore):
        """The run is over, and its jobs are removed, as soon as the first object is copied."""

        def create(self, name: str, data: bytes) -> None:
            store.remove(store.names("jobs"))
            super().create(name, data)

    store.create("jobs/dev/a/request.json", b"{}")
    store.create("jobs/dev/b/request.json", b"{}")
    target = Clearing()
    copy(store, target)
    assert {*target.objects} - {"jobs/dev/a/request.json"} == {*store.objects}


@pytest.mark.parametrize("kept", ["keys", "ledger"])
def test_another_store_is_not_mixed_with_a_copy(store: MemoryStore, kept: str) -> None:
    other = MemoryStore()
    secret_key.secret_key(other)
    happen(other, 2, release="other")
    target = MemoryStore()
    target.objects = {name: data for name, data in other.objects.items() if name.startswith(f"{kept}/")}
    before = dict(target.objects)
    with pytest.raises(InvalidInput, match="not an earlier copy"):
        copy(store, target)
    assert target.objects == before


def test_a_copy_that_has_gone_on_by_itself_is_refused(store: MemoryStore) -> None:
    target = MemoryStore()
    copy(store, target)
    happen(target, 1)
    with pytest.raises(InvalidInput, match="choose an empty place"):
        copy(store, target)


def test_the_command_copies_and_the_copy_is_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mini = MiniPlatform(tmp_path)
    release = mini.release()
    happen(mini.store, 1, release.id)
    monkeypatch.setenv("FLOWMART_PROFILE", "none")
    monkeypatch.setenv("FLOWMART_REPOSITORY", str(mini.repository))
    monkeypatch.setenv("FLOWMART_STORE", mini.settings.store)
    assert cli.run(["backup", str(tmp_path / "copy"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    outputs.check("backup", printed)
    assert printed["copied"] > 2
    monkeypatch.setenv("FLOWMART_STORE", str(tmp_path / "copy"))
    assert cli.run(["show", release.id]) == 0
    assert cli.run(["backup", str(tmp_path / "copy")]) == 0
    assert "0 objects copied" in capsys.readouterr().out
