"""The append-only, hash-chained record of what happened in each environment.

Every environment has a chain of its own: numbered objects, each with the digest of the one before it, each
created only if its number is free. Two writers can therefore never both believe that they were first, on a
folder or on S3. What an environment's entries add up to is told by `tasks.standing`; here they are only
written, read and audited.

A chain shows changed, removed and inserted entries. It cannot show that the newest entries were cut off at
the end: keep the store versioned, or note the head digest elsewhere, where that matters.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tasks.domain.errors import AlreadyExists, BrokenChain, InvalidInput
from tasks.domain.values import digest_of
from tasks.ledger.store import Store

GENESIS = "0" * 64
"""What the first entry of a chain has in place of the digest of the one before."""


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `digest` is SHA-256 over all the other fields; `previous` is the digest before it."""

    environment: str
    number: int
    kind: str
    at: str
    actor: str
    run: str
    body: Mapping[str, Any]
    previous: str
    digest: str

    @property
    def id(self) -> str:
        """How a person names it: `staging/17`."""
        return f"{self.environment}/{self.number}"


Decide = Callable[[Sequence[Entry]], Mapping[str, Any]]
"""From everything that has happened so far to the body of the next entry; raises when it must not be written."""


class Ledger:
    """Entries by environment. Reads are cached: what has been written never changes."""

    def __init__(self, store: Store, actor: str, run: str = "") -> None:
        self._store = store
        self._actor = actor
        self.run = run
        self._known: dict[str, list[Entry]] = {}
        self._lock = threading.Lock()

    def entries(self, environment: str) -> tuple[Entry, ...]:
        """The whole chain of an environment, oldest first, including what others wrote meanwhile."""
        with self._lock:
            return tuple(self._catch_up(environment))

    def append(self, environment: str, kind: str, body: Mapping[str, Any] | Decide) -> Entry:
        """Write the next entry. A function as `body` decides on the newest history, again after each lost race."""
        with self._lock:
            while True:
                known = self._catch_up(environment)
                content = body(tuple(known)) if callable(body) else body
                entry = self._next(environment, kind, content, known)
                try:
                    self._store.create(_name(environment, entry.number), _encode(entry))
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
            known.append(_decode(name, self._store.read(name)))
        return known

    def _next(self, environment: str, kind: str, body: Mapping[str, Any], known: Sequence[Entry]) -> Entry:
        content = {
            "environment": environment,
            "number": known[-1].number + 1 if known else 1,
            "kind": kind,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "actor": self._actor,
            "run": self.run,
            "body": json.loads(json.dumps(body, default=str)),
            "previous": known[-1].digest if known else GENESIS,
        }
        return Entry(**content, digest=digest_of(content))


def audit(ledger: Ledger, environment: str) -> int:
    """The number of entries of a chain that adds up; `BrokenChain` names the first one that does not."""
    previous = GENESIS
    entries = ledger.entries(environment)
    for number, entry in enumerate(entries, start=1):
        if entry.number != number:
            raise BrokenChain(f"ledger of {environment}: entry {number} is missing; the next one is {entry.id}")
        if entry.previous != previous:
            raise BrokenChain(f"ledger of {environment}: {entry.id} does not follow the entry before it")
        if entry.digest != digest_of(_content(entry)) or entry.environment != environment:
            raise BrokenChain(f"ledger of {environment}: {entry.id} was changed after it was written")
        previous = entry.digest
    return len(entries)


def _name(environment: str, number: int) -> str:
    return f"ledger/{environment}/{number:08d}.json"


def _content(entry: Entry) -> dict[str, Any]:
    return {key: value for key, value in vars(entry).items() if key != "digest"}


def _encode(entry: Entry) -> bytes:
    return json.dumps(vars(entry), indent=1, sort_keys=True, ensure_ascii=False).encode()


def _decode(name: str, data: bytes) -> Entry:
    try:
        return Entry(**json.loads(data))
    except (ValueError, TypeError) as error:
        raise BrokenChain(f"ledger: {name} is not an entry: {error}") from error
