"""Read a chain starting from a given entry, and check each entry against the one before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tasks.domain.errors import NotFound
from tasks.ledger import entries
from tasks.ledger.entries import Entry
from tasks.ledger.state import EnvironmentState
from tasks.ledger.store import Store


def listed(store: Store, after: EnvironmentState, platform: str) -> Iterator[Entry]:
    """Return the entries after a state, oldest first. The store is listed, so a missing entry is detected.

    Args:
        store: the store of the chain.
        after: the state that the entries continue.
        platform: the platform that the entries must belong to; "" if unknown.

    Raises:
        BrokenChain: an entry is missing or damaged, or belongs elsewhere.
        UnreadableRecord: another version of the product wrote an entry.
    """
    numbers = _numbers(store, after)
    while (missing := _first_missing(numbers, after)) is not None:
        _refuse_missing(store, after.environment, missing)
        numbers = _numbers(store, after)
    names = [entries.name_of(after.environment, number) for number in numbers]
    return _checked(zip(names, store.read_all(names), strict=True), after, platform)


def numbered(store: Store, environment: str, numbers: range, platform: str) -> Iterator[Entry]:
    """Yield the entries with these numbers, which must all exist; earlier entries are not read.

    Each is checked against the one before it, if that is among them. Errors are those of `listed`.
    """
    names, head = [entries.name_of(environment, number) for number in numbers], ""
    try:
        for name, data in zip(names, store.read_all(names), strict=True):
            entry = entries.decode(name, data)
            if head and entry.previous != head:
                raise entries.damaged(name, "it does not follow the entry before it")
            _refuse_another_platform(name, entry, platform)
            head = entry.digest
            yield entry
    except NotFound as error:
        raise entries.damaged(f"{entries.folder_of(environment)}", f"an entry is missing ({error})") from error


def following(store: Store, after: EnvironmentState, platform: str) -> Iterator[Entry]:
    """Return the entries after a recent state, read one by one: a single request if there are none.

    Arguments and errors are those of `listed`.
    """
    return _checked(_one_by_one(store, after), after, platform)


def _numbers(store: Store, after: EnvironmentState) -> list[int]:
    """Return the numbers of the listed entries; objects that are not entries are skipped."""
    begin = entries.name_of(after.environment, after.number) if after.number else None
    found = map(entries.number_of, store.names(entries.folder_of(after.environment), begin))
    return [number for number in found if number is not None]


def _first_missing(numbers: list[int], after: EnvironmentState) -> int | None:
    expected = range(after.number + 1, after.number + 1 + len(numbers))
    return next((wanted for wanted, number in zip(expected, numbers, strict=True) if wanted != number), None)


def _refuse_missing(store: Store, environment: str, number: int) -> None:
    """Read an entry that a listing lacks: a listing is not atomic, so the entry may have been written during it."""
    name = entries.name_of(environment, number)
    try:
        store.read(name)
    except NotFound as error:
        raise entries.damaged(name, "it is missing, and there are later entries") from error


def _one_by_one(store: Store, after: EnvironmentState) -> Iterator[tuple[str, bytes]]:
    number = after.number
    while True:
        number += 1
        name = entries.name_of(after.environment, number)
        try:
            yield name, store.read(name)
        except NotFound:
            return


def _checked(objects: Iterable[tuple[str, bytes]], after: EnvironmentState, platform: str) -> Iterator[Entry]:
    head, owner = after.head, platform or after.platform
    for name, data in objects:
        entry = entries.decode(name, data)
        if entry.previous != head:
            raise entries.damaged(name, "it does not follow the entry before it")
        _refuse_another_platform(name, entry, owner)
        head, owner = entry.digest, owner or entry.platform
        yield entry


def _refuse_another_platform(name: str, entry: Entry, owner: str) -> None:
    if owner and entry.platform not in ("", owner):
        raise entries.damaged(name, f"it belongs to platform {entry.platform}, and this is {owner}")
