"""Copies a platform's part of a store to another store: a backup, and the way back from one.

Objects are written once and never changed, so a copy that is made again takes only what is new. The ledger is listed
first and written last: whatever an entry speaks of is in the copy before the entry is, also when a run writes
meanwhile, or when the copy is interrupted.
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
    """How many objects were copied, and how many were there before."""

    copied: int
    there: int


def copy(source: Store, target: Store) -> Copied:
    """Copy what `target` does not have.

    Raises:
        InvalidInput: `target` holds something else than an earlier copy of `source`.
        Unanswered: one of the two did not respond; copying again goes on where this ended.
    """
    ledger = source.names(entries.FOLDER)
    others = [name for folder in FOLDERS if folder != entries.FOLDER for name in source.names(folder)]
    there = {name for folder in FOLDERS for name in target.names(folder)}
    _refuse_another(source, target, there)
    new = [name for name in (*others, *ledger) if name not in there]
    passing = [name for name in new if name.startswith(f"{PASSING}/")]
    lasting = [name for name in new if name not in {*passing}]
    for name in passing:
        # It may be removed meanwhile.
        with suppress(AlreadyExists, NotFound):
            target.create(name, source.read(name))
    for name, data in zip(lasting, source.read_all(lasting), strict=True):
        # Somebody else may be making the same copy.
        with suppress(AlreadyExists):
            target.create(name, data)
    return Copied(len(new), len(others) + len(ledger) - len(new))


def _refuse_another(source: Store, target: Store, there: set[str]) -> None:
    """What is in both must be the same: the key, and the newest entry of each chain that is in the copy."""
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
