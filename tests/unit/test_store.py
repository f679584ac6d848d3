"""The store: names are written once, and a missing one says so."""

import os
from pathlib import Path

import pytest

from tasks.domain.errors import AlreadyExists, InvalidInput, NotFound, Unanswered
from tasks.domain.events import EnvironmentFrozen
from tasks.ledger.chain import Ledger
from tasks.ledger.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def test_what_was_written_is_read(store: Store) -> None:
    store.create("releases/a.json", b"{}")
    assert store.read("releases/a.json") == b"{}"


def test_a_name_is_written_once(store: Store) -> None:
    store.create("ledger/dev/1", b"first")
    with pytest.raises(AlreadyExists, match="ledger/dev/1"):
        store.create("ledger/dev/1", b"second")
    assert store.read("ledger/dev/1") == b"first"


def test_a_missing_name_is_named(store: Store) -> None:
    with pytest.raises(NotFound, match=r"there is no releases/b\.json"):
        store.read("releases/b.json")


def test_names_are_sorted_and_can_start_after_a_given_one(store: Store) -> None:
    for number in (3, 1, 2):
        store.create(f"ledger/dev/{number:08d}", b"")
    store.create("ledger/develop/00000001", b"")
    assert store.names("ledger/dev") == tuple(f"ledger/dev/{number:08d}" for number in (1, 2, 3))
    assert store.names("ledger/dev", after="ledger/dev/00000002") == ("ledger/dev/00000003",)


def test_the_folder_is_closed_to_others(tmp_path: Path) -> None:
    Store.open(str(tmp_path / "store"))
    assert (tmp_path / "store").stat().st_mode & 0o077 == 0


def test_an_unknown_kind_of_address_is_refused_with_the_right_ones() -> None:
    with pytest.raises(InvalidInput, match="set it to a folder or to s3://bucket/prefix"):
        Store.open("gs://bucket")


def test_only_folders_with_objects_are_listed(store: Store) -> None:
    for name in ("ledger/dev/1", "ledger/staging/1", "ledger/README"):
        store.create(name, b"")
    assert store.folders("ledger") == ("dev", "staging")
    assert store.folders("nothing") == ()


def test_several_objects_are_read_in_the_order_asked_for(store: Store) -> None:
    for number in range(3):
        store.create(f"a/{number}", str(number).encode())
    assert list(store.read_all(["a/2", "a/0", "a/1"])) == [b"2", b"0", b"1"]


@pytest.mark.parametrize("name", ["../outside", "a//b", "/etc/passwd", "a/./b", ""])
def test_a_name_stays_below_the_folder(store: Store, name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be the name of an object"):
        store.create(name, b"")


def test_a_folder_is_not_an_object(store: Store) -> None:
    store.create("ledger/dev/1", b"")
    with pytest.raises(NotFound):
        store.read("ledger/dev")
    with pytest.raises(NotFound):
        store.read("ledger/dev/1/2")


def test_a_temporary_file_of_a_killed_writer_is_not_an_object(store: Store) -> None:
    store.create("ledger/dev/1", b"")
    (Path(store.address) / "ledger/dev/.new-abc").write_bytes(b"half")
    assert store.names("ledger") == ("ledger/dev/1",)


def test_a_write_that_came_second_leaves_nothing_behind(store: Store) -> None:
    store.create("ledger/dev/1", b"first")
    with pytest.raises(AlreadyExists):
        store.create("ledger/dev/1", b"second")
    assert [file.name for file in (Path(store.address) / "ledger/dev").iterdir()] == ["1"]


def test_an_object_and_every_new_folder_above_it_are_synced(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(Path(f"/proc/self/fd/{handle}").readlink()))
    store.create("ledger/dev/1", b"")
    root = Path(store.address)
    assert [path if path.is_dir() else path.parent / "(file)" for path in synced] == [
        root,
        root / "ledger",
        root / "ledger/dev/(file)",
        root / "ledger/dev",
    ]


def test_what_is_passing_may_be_removed_and_is_not_missed(store: Store) -> None:
    names = [f"jobs/dev/{job}/{file}.json" for job in "ab" for file in ("request", "answer")]
    for name in names:
        store.create(name, b"{}")
    store.remove([*names[:2], "jobs/dev/none/request.json"])
    assert store.names("jobs") == tuple(sorted(names[2:]))
    assert store.folders("jobs/dev") == ("b",)


@pytest.mark.parametrize("name", ["ledger/dev/1", "releases/a.json", "jobs", "jobs/../ledger/dev/1"])
def test_nothing_else_is_ever_removed(store: Store, name: str) -> None:
    store.create("ledger/dev/1", b"first")
    with pytest.raises(InvalidInput, match=name):
        store.remove(["jobs/dev/a/request.json", name])
    assert store.read("ledger/dev/1") == b"first"


@pytest.mark.parametrize("in_the_way", ["folder", "dangling link"])
def test_what_is_no_file_and_has_the_name_of_an_entry_is_reported(tmp_path: Path, in_the_way: str) -> None:
    ledger = Ledger(Store.open(str(tmp_path)), "ada")
    ledger.append("dev", EnvironmentFrozen(reason="sale", until=None))
    taken = tmp_path / "ledger/dev/00000002.json"
    taken.mkdir() if in_the_way == "folder" else taken.symlink_to(tmp_path / "nowhere")
    with pytest.raises(Unanswered, match=r"ledger/dev/00000002\.json is in the way and no file; remove it"):
        ledger.append("dev", EnvironmentFrozen(reason="sale", until=None))
