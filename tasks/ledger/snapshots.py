"""Snapshots of an environment's state, so that the cost of a read does not grow with the chain.

A snapshot is a cache. It names its newest entry by number and digest, and contains a digest of itself. If either does
not match, or another version of the product wrote it, it is ignored. An earlier snapshot or the whole chain is then
read instead. An audit folds the chain again and compares.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog

from tasks.domain import records
from tasks.domain.errors import AlreadyExists, BrokenChain, FlowmartError, NotFound, UnreadableRecord
from tasks.domain.values import digest_of
from tasks.ledger import entries
from tasks.ledger.state import EnvironmentState
from tasks.ledger.store import Store

VERSION = 6
"""The version of a snapshot's meaning: raise it when a fold changes. Changed fields are detected without it."""

EVERY = 200
"""Most entries between two snapshots."""

AFTER_A_RUN = 50
"""Entries that are enough for a snapshot when a run ends, so that the next run reads only the snapshot."""

FOLDER = "snapshots"
"""The store's folder of all snapshots."""

log = structlog.get_logger("flowmart.ledger")


class _OfAnotherVersion(Exception):
    """Another version of the product wrote the snapshot; it is valid there."""


@dataclass(frozen=True)
class _Snapshot:
    version: int
    state: EnvironmentState
    digest: str


def newest(store: Store, beginning: EnvironmentState, platform: str) -> EnvironmentState:
    """Return the state of the newest valid snapshot that belongs to the chain; `beginning` if there is none.

    Snapshots below one of another version are not read: after an update all of them are.
    """
    for name in reversed(store.names(f"{FOLDER}/{beginning.environment}")):
        try:
            state = _read(store, name, beginning.environment)
        except _OfAnotherVersion as error:
            _log_ignored(name, str(error))
            return beginning
        if state is not None and _belongs(store, name, state, platform):
            return state
    return beginning


def write(store: Store, state: EnvironmentState) -> None:
    """Write a snapshot. The chain is complete without it, so a failure is only logged."""
    name = f"{FOLDER}/{state.environment}/{state.number:08d}.json"
    content = {"version": VERSION, "state": records.encode(state)}
    data = json.dumps({**content, "digest": digest_of(content)}, sort_keys=True, ensure_ascii=False).encode()
    try:
        store.create(name, data)
    except AlreadyExists:
        return
    except FlowmartError as error:
        log.warning("snapshot not written", snapshot=name, why=str(error))


def valid(store: Store, environment: str) -> Iterator[tuple[str, EnvironmentState]]:
    """Yield all valid snapshots of an environment as (name, state), oldest first."""
    for name in store.names(f"{FOLDER}/{environment}"):
        with suppress(_OfAnotherVersion):
            state = _read(store, name, environment)
            if state is not None:
                yield name, state


def _read(store: Store, name: str, environment: str) -> EnvironmentState | None:
    try:
        return _decode(store.read(name), name, environment)
    except (NotFound, UnreadableRecord) as error:
        _log_ignored(name, str(error))
        return None


def _decode(data: bytes, name: str, environment: str) -> EnvironmentState:
    try:
        content: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UnreadableRecord(f"{name}: it is not a snapshot: {error}") from error
    version = content.get("version") if isinstance(content, dict) else None
    if isinstance(version, int) and version != VERSION:
        raise _OfAnotherVersion(f"{name}: version {version} is unknown; {records.ELSEWHERE}")
    snapshot = records.decode(_Snapshot, content, name)
    if snapshot.digest != digest_of({key: value for key, value in content.items() if key != "digest"}):
        raise UnreadableRecord(f"{name}: it was changed after it was written")
    if (snapshot.state.environment, snapshot.state.number) != (environment, entries.number_of(name)):
        raise UnreadableRecord(f"{name}: it holds {snapshot.state.environment}/{snapshot.state.number}")
    return snapshot.state


def _belongs(store: Store, name: str, state: EnvironmentState, platform: str) -> bool:
    """Tell whether the snapshot is of this platform, and its newest entry is in the chain."""
    if platform and state.platform not in ("", platform):
        _log_ignored(name, f"it belongs to platform {state.platform}")
        return False
    anchor = entries.name_of(state.environment, state.number)
    try:
        found = entries.decode(anchor, store.read(anchor))
    except (NotFound, BrokenChain, UnreadableRecord) as error:
        _log_ignored(name, str(error))
        return False
    if found.digest != state.head:
        _log_ignored(name, f"{anchor} is not the entry that it was taken at")
    return found.digest == state.head


def _log_ignored(name: str, why: str) -> None:
    log.warning("snapshot ignored", snapshot=name, why=why)
