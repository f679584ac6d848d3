"""Keep a cluster's objects: in memory for reading, and in an SQLite file so that they survive a restart.

Every write is one transaction. The operating system has it before the client receives the response. So a killed
process loses nothing that it confirmed. The history for watches is in memory. A watch that needs an older revision
must start over, as on a real cluster after compaction.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from deployments.sandbox.kubernetes.objects import clone
from deployments.sandbox.kubernetes.resources import Object, Resource

_HISTORY = 5000

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"


class Key(NamedTuple):
    """The address of an object. It has no version: all versions of a kind share one object."""

    group: str
    plural: str
    namespace: str
    name: str


def key(resource: Resource, namespace: str, name: str) -> Key:
    """Return the key of an object. `namespace` is ignored for cluster-scoped kinds."""
    return Key(*resource.place, namespace if resource.namespaced else "", name)


@dataclass(frozen=True)
class Event:
    """One write: the object after it (for a deletion, its last state), and the object before it."""

    revision: int
    type: str
    key: Key
    object: Object
    previous: Object | None


Listener = Callable[[Event], None]


class Store:
    """All objects of one cluster. It is not thread-safe."""

    def __init__(self, file: Path) -> None:
        """Open `file`, or create it."""
        self._database = sqlite3.connect(file, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS objects ("
            '"group" TEXT, plural TEXT, namespace TEXT, name TEXT, body TEXT NOT NULL,'
            ' PRIMARY KEY ("group", plural, namespace, name)) WITHOUT ROWID'
        )
        self._database.execute("CREATE TABLE IF NOT EXISTS revision (only INTEGER PRIMARY KEY, value INTEGER)")
        self._kinds: dict[tuple[str, str], dict[Key, Object]] = {}
        self._listeners: list[Listener] = []
        self._history: deque[Event] = deque(maxlen=_HISTORY)
        self.revision = 1
        self._load()
        self._oldest = self.revision

    def close(self) -> None:
        """Write everything to the database file and close it."""
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._database.close()

    def get(self, key: Key) -> Object | None:
        """Return the object at `key`, or `None`. The caller must not change it."""
        return self._kinds.get((key.group, key.plural), {}).get(key)

    def of_kind(self, resource: Resource, namespace: str = "") -> list[Object]:
        """Return all objects of a kind, sorted by namespace and name. The caller must not change them.

        Args:
            resource: The kind.
            namespace: Return only objects of this namespace; empty for all namespaces.
        """
        found = self._kinds.get(resource.place, {})
        return [found[k] for k in sorted(found) if not namespace or k.namespace == namespace]

    def everything(self) -> Iterator[tuple[Key, Object]]:
        """Yield every object of every kind, with its key."""
        for kind in list(self._kinds.values()):
            yield from list(kind.items())

    def put(self, key: Key, item: Object) -> Object:
        """Store `item` under the next revision. The caller must not change it afterwards."""
        previous = self.get(key)
        self.revision += 1
        item["metadata"]["resourceVersion"] = str(self.revision)
        self._write(key, item)
        self._kinds.setdefault((key.group, key.plural), {})[key] = item
        self._tell(Event(self.revision, MODIFIED if previous else ADDED, key, item, previous))
        return item

    def remove(self, key: Key) -> Object:
        """Delete the object at `key` and return its last state.

        Raises:
            KeyError: No object has this key.
        """
        previous = self._kinds[key.group, key.plural].pop(key)
        self.revision += 1
        self._write(key, None)
        last: Object = clone(previous)
        last["metadata"]["resourceVersion"] = str(self.revision)
        self._tell(Event(self.revision, DELETED, key, last, previous))
        return last

    def since(self, revision: int) -> list[Event] | None:
        """Return all events after `revision`, or `None` if the history does not reach back that far."""
        if revision < self._oldest:
            return None
        return [event for event in self._history if event.revision > revision]

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every write. Return a function that stops this."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _write(self, key: Key, item: Object | None) -> None:
        self._database.execute("BEGIN")
        if item is None:
            self._database.execute(
                'DELETE FROM objects WHERE "group" = ? AND plural = ? AND namespace = ? AND name = ?', key
            )
        else:
            body = json.dumps(item, separators=(",", ":"))
            self._database.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)", (*key, body))
        self._database.execute("INSERT OR REPLACE INTO revision VALUES (1, ?)", (self.revision,))
        self._database.execute("COMMIT")

    def _load(self) -> None:
        for *parts, body in self._database.execute("SELECT * FROM objects"):
            key = Key(*parts)
            self._kinds.setdefault((key.group, key.plural), {})[key] = json.loads(body)
        for (value,) in self._database.execute("SELECT value FROM revision"):
            self.revision = value

    def _tell(self, event: Event) -> None:
        if len(self._history) == _HISTORY:
            self._oldest = self._history[0].revision
        self._history.append(event)
        for listener in list(self._listeners):
            listener(event)


class Subscription:
    """A queue of the writes to one kind, for one watch."""

    def __init__(self, store: Store, resource: Resource) -> None:
        self._queue: asyncio.Queue[Event] = asyncio.Queue()
        self._kind = resource.place
        self._stop = store.listen(self._hear)

    def _hear(self, event: Event) -> None:
        if (event.key.group, event.key.plural) == self._kind:
            self._queue.put_nowait(event)

    async def next(self, seconds: float) -> Event | None:
        """Return the next write, or `None` after `seconds` without one."""
        try:
            return await asyncio.wait_for(self._queue.get(), seconds)
        except TimeoutError:
            return None

    def close(self) -> None:
        """Stop listening."""
        self._stop()
