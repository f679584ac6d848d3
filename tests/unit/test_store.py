"""The store: names are written once, and a missing one says so."""

from pathlib import Path

import pytest

from tasks.domain.errors import AlreadyExists, InvalidInput, NotFound
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


def test_names_are_sorted_and_can_begin_behind_one(store: Store) -> None:
    for number in (3, 1, 2):
        store.create(f"ledger/dev/{number:08d}", b"")
    store.create("ledger/develop/00000001", b"")
    assert store.names("ledger/dev") == tuple(f"ledger/dev/{number:08d}" for number in (1, 2, 3))
    assert store.names("ledger/dev", after="ledger/dev/00000002") == ("ledger/dev/00000003",)


def test_the_folder_is_closed_to_others(tmp_path: Path) -> None:
    Store.open(str(tmp_path / "store"))
    assert (tmp_path / "store").stat().st_mode & 0o077 == 0


def test_an_address_of_another_kind_says_what_is_right() -> None:
    with pytest.raises(InvalidInput, match="a store is a folder or s3://bucket/prefix"):
        Store.open("gs://bucket")
