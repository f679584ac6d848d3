"""One entry of a chain, and its format in the store. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.domain import events, records
from tasks.domain.errors import BrokenChain
from tasks.domain.events import Event
from tasks.domain.values import digest_of

GENESIS = "0" * 64
"""The `previous` digest of the first entry of a chain."""

FOLDER = "ledger"
"""The store's folder of all chains."""

REMEDY = (
    "Restore the object from the store's backup or version history, or remove it if it is a copy; "
    "`flowmart audit` lists all damage"
)
"""The remedy in every message about a damaged chain."""

_NAME = re.compile(r"(\d{8})\.json")


@dataclass(frozen=True)
class Entry:
    """One event in the chain of an environment.

    Attributes:
        environment: the environment of the chain.
        number: its position in the chain, from 1.
        at: its time (ISO 8601, UTC).
        actor: who caused it.
        run: the run in the run history; "" if there is none.
        platform: the platform's name.
        event: what happened.
        previous: the digest of the entry before it.
        digest: SHA-256 of all other fields.
    """

    environment: str
    number: int
    at: str
    actor: str
    run: str
    platform: str
    event: Event
    previous: str
    digest: str

    @property
    def id(self) -> str:
        """Its name in commands and messages: `staging/17`."""
        return f"{self.environment}/{self.number}"

    @property
    def kind(self) -> str:
        """The kind of its event."""
        return self.event.kind

    @property
    def version(self) -> int:
        """The version of that kind of event."""
        return self.event.version

    @property
    def body(self) -> Mapping[str, Any]:
        """The fields of the event as JSON values."""
        return events.encode(self.event)

    @property
    def document(self) -> dict[str, Any]:
        """The whole entry as JSON values, as in the store and in `--json`."""
        return {**_content(self), "digest": self.digest}


@dataclass(frozen=True)
class _Written:
    """An entry as the store holds it."""

    environment: str
    number: int
    kind: str
    version: int
    at: str
    actor: str
    run: str
    platform: str
    body: Mapping[str, Any]
    previous: str
    digest: str


def sealed(entry: Entry) -> Entry:
    """Return the entry with its digest; its event is encoded and decoded once, so writer and readers see the same."""
    content = _content(entry)
    event = events.decode(entry.kind, entry.version, content["body"], entry.id)
    return Entry(**{**vars(entry), "event": event, "digest": digest_of(content)})


def encode(entry: Entry) -> bytes:
    """Return the bytes of an entry for the store."""
    return json.dumps(entry.document, indent=1, sort_keys=True, ensure_ascii=False).encode()


def name_of(environment: str, number: int) -> str:
    """Return the name of the object that holds an entry: `ledger/staging/00000017.json`."""
    return f"{folder_of(environment)}/{number:08d}.json"


def folder_of(environment: str) -> str:
    """Return the folder of the store that holds the chain of an environment."""
    return f"{FOLDER}/{environment}"


def number_of(name: str) -> int | None:
    """Return the entry's number from an object's name; None if the name is not an entry's."""
    found = _NAME.fullmatch(name.rsplit("/", 1)[-1])
    return int(found[1]) if found else None


def decode(name: str, data: bytes) -> Entry:
    """Return the entry in an object of the store.

    Raises:
        BrokenChain: the object is not an entry, or does not match its name or its digest.
        UnreadableRecord: another version of the product wrote it.
    """
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise damaged(name, f"it is not an entry: {error}" if data else "it is empty") from error
    written = records.decode(_Written, content, name)
    if written.digest != digest_of({key: value for key, value in content.items() if key != "digest"}):
        raise damaged(name, "it was changed after it was written")
    if name != name_of(written.environment, written.number):
        raise damaged(name, f"it holds entry {written.environment}/{written.number}")
    event = events.decode(written.kind, written.version, written.body, name)
    shared = {key: value for key, value in vars(written).items() if key not in ("kind", "version", "body")}
    return Entry(**shared, event=event)


def damaged(name: str, what: str) -> BrokenChain:
    """Return the error for a damaged object of the chain, with the remedy."""
    return BrokenChain(f"{name}: {what}. {REMEDY}")


def _content(entry: Entry) -> dict[str, Any]:
    shared = {key: value for key, value in vars(entry).items() if key not in ("event", "digest")}
    return {**shared, "kind": entry.kind, "version": entry.version, "body": dict(entry.body)}
