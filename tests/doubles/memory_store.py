"""A store in memory that counts what is asked of it, for tests and benchmarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tasks.domain.errors import AlreadyExists, NotFound
from tasks.ledger.store import Store


class MemoryStore(Store):
    """Objects in a dictionary, which a test may change behind the store's back. `asked` counts calls by name."""

    def __init__(self) -> None:
        self.address = "memory"
        self.objects: dict[str, bytes] = {}
        self.asked: Counter[str] = Counter()

    def create(self, name: str, data: bytes) -> None:
        self.asked["create"] += 1
        if self.objects.setdefault(name, data) is not data:
            raise AlreadyExists(f"{self.address}: {name} exists already")

    def read(self, name: str) -> bytes:
        self.asked["read"] += 1
        if name not in self.objects:
            raise NotFound(f"{self.address}: there is no {name}")
        return self.objects[name]

    def _remove(self, names: Sequence[str]) -> None:
        self.asked["remove"] += 1
        for name in names:
            self.objects.pop(name, None)

    def names(self, prefix: str, after: str | None = None) -> tuple[str, ...]:
        self.asked["names"] += 1
        below = (name for name in list(self.objects) if name.startswith(f"{prefix}/"))
        return tuple(sorted(name for name in below if after is None or name > after))

    def folders(self, prefix: str) -> tuple[str, ...]:
        self.asked["folders"] += 1
        behind = (name.removeprefix(f"{prefix}/") for name in list(self.objects) if name.startswith(f"{prefix}/"))
        return tuple(sorted({name.split("/")[0] for name in behind if "/" in name}))


class CountedStore(Store):
    """Another store, with the number of requests that it was asked to make."""

    def __init__(self, inner: Store) -> None:
        self.address = inner.address
        self._inner = inner
        self.requests = 0

    def create(self, name: str, data: bytes) -> None:
        self.requests += 1
        self._inner.create(name, data)

    def read(self, name: str) -> bytes:
        self.requests += 1
        return self._inner.read(name)

    def read_all(self, names: Sequence[str]) -> Iterator[bytes]:
        self.requests += len(names)
        return self._inner.read_all(names)

    def _remove(self, names: Sequence[str]) -> None:
        self.requests += 1
        self._inner.remove(names)

    def names(self, prefix: str, after: str | None = None) -> tuple[str, ...]:
        self.requests += 1
        return self._inner.names(prefix, after)

    def folders(self, prefix: str) -> tuple[str, ...]:
        self.requests += 1
        return self._inner.folders(prefix)
