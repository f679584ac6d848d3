"""The append-only, hash-chained record of what happened in each environment.

Every environment has a chain of its own: numbered objects, each with the digest of the one before it, each
created only if its number is free. Two writers can therefore never both believe that they were first, on a
folder or on S3. What an environment's entries add up to is told by `tasks.ledger.state`; here they are only
written, read and audited.

A chain shows changed, removed and inserted entries. It cannot show that the newest entries were cut off at
the end: keep the store versioned, or note the head digest elsewhere, where that matters.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from tasks.domain.errors import AlreadyExists, BrokenChain, InvalidInput
from tasks.domain.events import Event
from tasks.ledger import entries
from tasks.ledger.entries import GENESIS, Entry
from tasks.ledger.store import Store

Decide = Callable[[Sequence[Entry]], Event]
"""From everything that has happened so far to the next event; raises when it must not be written."""


class Ledger:
    """Entries by environment. Reads are cached: what has been written never changes."""

    def __init__(self, store: Store, actor: str, run: str = "", platform: str = "") -> None:
        self._store = store
        self._platform = platform
        self._actor = actor
        self.run = run
        self._known: dict[str, list[Entry]] = {}
        self._lock = threading.Lock()

    def entries(self, environment: str) -> tuple[Entry, ...]:
        """The whole chain of an environment, oldest first, including what others wrote meanwhile."""
        with self._lock:
            return tuple(self._catch_up(environment))

    def append(self, environment: str, event: Event | Decide) -> Entry:
        """Write the next entry. A function as `event` decides on the newest history, again after each lost race."""
        with self._lock:
            while True:
                known = self._catch_up(environment)
                decided = event(tuple(known)) if callable(event) else event
                entry = self._next(environment, decided, known)
                try:
                    self._store.create(_name(environment, entry.number), entries.encode(entry))
                except AlreadyExists:
                    continue
                known.append(entry)
                return entry

    def environments(self) -> tuple[str, ...]:
        """The environments that have a chain."""
        return tuple(sorted({name.split("/")[1] for name in self._store.names("ledger")}))

    def _catch_up(self, environment: str) -> list[Entry]:
        if not environment:
            raise InvalidInput("environment: none was chosen")
        known = self._known.setdefault(environment, [])
        after = _name(environment, known[-1].number) if known else None
        for name in self._store.names(f"ledger/{environment}", after):
            known.append(entries.decode(name, self._store.read(name)))
        return known

    def _next(self, environment: str, event: Event, known: Sequence[Entry]) -> Entry:
        return entries.sealed(
            Entry(
                environment=environment,
                number=known[-1].number + 1 if known else 1,
                at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                actor=self._actor,
                run=self.run,
                platform=self._platform,
                event=event,
                previous=known[-1].digest if known else GENESIS,
                digest="",
            )
        )


def audit(ledger: Ledger, environment: str) -> int:
    """The number of entries of a chain that adds up; `BrokenChain` names the first one that does not."""
    previous = GENESIS
    chain = ledger.entries(environment)
    for number, entry in enumerate(chain, start=1):
        if entry.number != number:
            raise BrokenChain(f"ledger of {environment}: entry {number} is missing; the next one is {entry.id}")
        if entry.previous != previous:
            raise BrokenChain(f"ledger of {environment}: {entry.id} does not follow the entry before it")
        if entry.environment != environment:
            raise BrokenChain(f"ledger of {environment}: {entry.id} is of another environment")
        previous = entry.digest
    return len(chain)


def _name(environment: str, number: int) -> str:
    return f"ledger/{environment}/{number:08d}.json"
