"""Check a whole chain and its snapshots, and list all damage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tasks.domain.errors import BrokenChain, UnreadableRecord
from tasks.ledger import entries, snapshots
from tasks.ledger.entries import GENESIS, Entry
from tasks.ledger.folding import fold
from tasks.ledger.state import EnvironmentState
from tasks.ledger.store import Store


@dataclass
class Audit:
    """The result of an audit.

    Attributes:
        environment: the environment of the chain.
        entries: the number of readable entries.
        head: the digest of the newest entry.
        problems: the damage, one sentence each, with the remedy.
        foreign: objects in the chain's folder that are not entries; they are ignored.
    """

    environment: str
    entries: int = 0
    head: str = GENESIS
    problems: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


def audit(store: Store, environment: str, platform: str = "") -> Audit:
    """Check all entries and all snapshots of an environment, and return the result.

    Args:
        store: the store of the chain.
        environment: the environment of the chain.
        platform: the platform that the entries must belong to; "" if unknown.
    """
    found = Audit(environment)
    kept = {state.number: (name, state) for name, state in snapshots.valid(store, environment)}
    state = EnvironmentState(environment)
    for name, entry in _entries(store, found):
        found.problems += _misplaced(name, entry, state, platform)
        state = fold(state, entry)
        found.entries, found.head = found.entries + 1, entry.digest
        # After damage every later state differs, so comparing it with a snapshot shows nothing.
        if not found.problems:
            found.problems += _differing(kept, state)
    found.problems += _cut_off(kept, state)
    return found


def _entries(store: Store, found: Audit) -> Iterator[tuple[str, Entry]]:
    """Yield the readable entries with their names; missing and damaged ones are added to the problems."""
    listed = store.names(entries.folder_of(found.environment))
    found.foreign += [name for name in listed if entries.number_of(name) is None]
    names = [name for name in listed if entries.number_of(name) is not None]
    before = 0
    for name, data in zip(names, store.read_all(names), strict=True):
        number = entries.number_of(name) or 0
        found.problems += _missing(found.environment, before, number)
        before = number
        try:
            yield name, entries.decode(name, data)
        except (BrokenChain, UnreadableRecord) as error:
            found.problems.append(str(error))


def _missing(environment: str, before: int, number: int) -> list[str]:
    if number == before + 1:
        return []
    many = f", with {number - before - 2} more behind it" if number > before + 2 else ""
    name = entries.name_of(environment, before + 1)
    return [str(entries.damaged(name, f"it is missing{many}, and there are later entries"))]


def _misplaced(name: str, entry: Entry, before: EnvironmentState, platform: str) -> list[str]:
    owner = platform or before.platform
    problems = []
    if entry.number == before.number + 1 and entry.previous != before.head:
        problems.append("it does not follow the entry before it")
    if owner and entry.platform not in ("", owner):
        problems.append(f"it belongs to platform {entry.platform}, and this is {owner}")
    return [str(entries.damaged(name, what)) for what in problems]


def _differing(kept: Mapping[int, tuple[str, EnvironmentState]], state: EnvironmentState) -> list[str]:
    name, snapshot = kept.get(state.number, ("", state))
    if snapshot == state:
        return []
    return [f"{name}: it differs from the state after entry {state.number}. Delete it; the next one is correct"]


def _cut_off(kept: Mapping[int, tuple[str, EnvironmentState]], state: EnvironmentState) -> list[str]:
    beyond = [name for number, (name, _) in kept.items() if number > state.number]
    name = entries.name_of(state.environment, state.number + 1)
    return (
        [str(entries.damaged(name, f"it and what came after it is missing: there is a {beyond[-1]}"))]
        if beyond
        else []
    )
