"""Copy a platform's part of a store to another store: to make a backup, or to restore one.

Objects are written once and never changed, so a repeated copy transfers only new objects. The ledger is listed first
and written last. So every object that an entry refers to is copied before the entry, even if a run writes meanwhile
or the copy is interrupted.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from tasks.domain.errors import AlreadyExists, InvalidInput, NotFound
from tasks.ledger import entries, secret_key
from tasks.ledger.opening import FOLDERS
from tasks.ledger.store import PASSING, Store


@dataclass(frozen=True)
class Copied:
    """How many objects were copied, and how many existed before."""

    copied: int
    there: int


def copy(source: Store, target: Store) -> Copied:
    """Copy the objects that `target` lacks.

    Raises:
        InvalidInput: `target` holds something other than an earlier copy of `source`.
        Unanswered: one of the stores did not respond; another copy continues where this one ended.
    """
    ledger = source.names(entries.FOLDER)
    others = [name for folder in FOLDERS if folder != entries.FOLDER for name in source.names(folder)]
    there = {name for folder in FOLDERS for name in target.names(folder)}
    _refuse_another(source, target, there)
    new = [name for name in (*others, *ledger) if name not in there]
    passing = [name for name in new if name.startswith(f"{PASSING}/")]
    lasting = [name for name in new if not name.startswith(f"{PASSING}/")]
    for name in passing:
        # The object may be removed meanwhile.
        with suppress(AlreadyExists, NotFound):
            target.create(name, source.read(name))
    for name, data in zip(lasting, source.read_all(lasting), strict=True):
        # Another process may be making the same copy.
        with suppress(AlreadyExists):
            target.create(name, data)
    return Copied(len(new), len(others) + len(ledger) - len(new))


def _refuse_another(source: Store, target: Store, there: set[str]) -> None:
    """Refuse a target whose key, or newest entry of a chain, differs from that of the source."""
    newest = {name.rpartition("/")[0]: name for name in sorted(there) if name.startswith(f"{entries.FOLDER}/")}
    for name in sorted({secret_key.NAME, *newest.values()} & there):
        if not _same(source, target, name):
            raise InvalidInput(
                f"{target.address}: {name} is not that of {source.address}, so it is not an earlier copy of it. "
                "Nothing was copied; choose an empty place"
            )


def _same(source: Store, target: Store, name: str) -> bool:
    try:
        return source.read(name) == target.read(name)
    except NotFound:
        return False
