"""Each store has a random key of its own for hashes over secrets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tasks.ledger.secret_key import NAME, secret_key
from tasks.ledger.store import Store


def test_a_store_keeps_its_key(tmp_path: Path) -> None:
    made = secret_key(Store.open(str(tmp_path)))
    assert secret_key(Store.open(str(tmp_path))) == made
    assert len(made) == 32


def test_every_store_has_another_key(tmp_path: Path) -> None:
    assert secret_key(Store.open(str(tmp_path / "a"))) != secret_key(Store.open(str(tmp_path / "b")))


class Raced(Store):
    """A store in which another run makes the key right before this one does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.address = store.address

    def create(self, name: str, data: bytes) -> None:
        self._store.create(name, b"of the other run")
        self._store.create(name, data)

    def read(self, name: str) -> bytes:
        return self._store.read(name)

    def _remove(self, names: Sequence[str]) -> None:
        self._store.remove(names)

    def names(self, prefix: str, after: str | None = None) -> tuple[str, ...]:
        return self._store.names(prefix, after)

    def folders(self, prefix: str) -> tuple[str, ...]:
        return self._store.folders(prefix)


def test_two_runs_that_make_the_key_at_once_use_the_same(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    assert secret_key(Raced(store)) == store.read(NAME) == b"of the other run"
