"""One SQLite file with one thread that writes to it, so that many writes share one fsync.

What is asked for while a commit is under way goes into the next one together: a promise that survives the machine's
death costs an fsync, and at a hundred deliveries at once nobody waits for a hundred of them. Other processes may
read, and write, at the same time: SQLite's own lock keeps them apart. What is written is the inbox's business.
"""

from __future__ import annotations

import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks import own_folder
from tasks.domain.errors import InvalidInput, Unanswered

Write = Callable[[sqlite3.Connection], Any]

_LOCK_WAIT = 5.0
"""Seconds to wait for another process that writes."""

_LARGEST_BATCH = 256


@dataclass(frozen=True)
class _Asked:
    write: Write
    answer: Future[Any] = field(default_factory=Future)


class Journal:
    """Writes in the order in which they are asked for, each done once its future says so."""

    def __init__(self, file: Path, schema: Sequence[str]) -> None:
        """Open or make the file; `InvalidInput` when it is something else, or of a later version.

        Args:
            file: where it is.
            schema: statements by version, each what makes it out of the version before; the last one is today's.
        """
        self._file = file
        self._queue: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._prepare(schema)
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
        self._thread.start()

    def write(self, write: Write) -> Future[Any]:
        """Have `write` done in a transaction. The future holds what it returned, once that is on disk."""
        asked = _Asked(write)
        self._queue.put(asked)
        return asked.answer

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection of the caller's own, that sees what has been committed. `Unanswered` when it cannot."""
        connection = self._connect()
        try:
            yield connection
        except sqlite3.Error as error:
            raise self._no_answer(error) from error
        finally:
            connection.close()

    def close(self) -> None:
        """Finish what was asked for, and end."""
        self._queue.put(None)
        self._thread.join()

    def _prepare(self, schema: Sequence[str]) -> None:
        try:
            own_folder.made(self._file.parent)
            # What people write in comments is nobody else's business on this machine.
            os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))
            connection = self._connect()
            connection.execute("PRAGMA journal_mode = WAL")
            _make(connection, schema, self._file)
            connection.close()
        except (OSError, sqlite3.Error) as error:
            raise InvalidInput(f"inbox {self._file}: {error}; FLOWMART_GITHUB_INBOX names another file") from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, timeout=_LOCK_WAIT, isolation_level=None)
        connection.row_factory = sqlite3.Row
        # In WAL mode the default, NORMAL, may lose the last commits when the machine loses power.
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _run(self) -> None:
        connection = self._connect()
        while (batch := self._next()) is not None:
            # From here on nobody can cancel: a client that hangs up does not undo what is being written.
            self._commit(connection, [asked for asked in batch if asked.answer.set_running_or_notify_cancel()])
        connection.close()

    def _next(self) -> list[_Asked] | None:
        """All that is asked for now, at least one; `None` when it is time to end."""
        batch: list[_Asked] = []
        following = self._queue.get()
        while following is not None:
            batch.append(following)
            if len(batch) == _LARGEST_BATCH or self._queue.empty():
                return batch
            following = self._queue.get()
        if batch:
            self._queue.put(None)
        return batch or None

    def _commit(self, connection: sqlite3.Connection, batch: Sequence[_Asked]) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            results = [asked.write(connection) for asked in batch]
            connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - it is handed to those who wait for the answer
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._failed(connection, batch, error)
            return
        for asked, result in zip(batch, results, strict=True):
            asked.answer.set_result(result)

    def _failed(self, connection: sqlite3.Connection, batch: Sequence[_Asked], error: Exception) -> None:
        """One that cannot be written must not take the others of its batch with it."""
        if len(batch) == 1:
            known = self._no_answer(error) if isinstance(error, sqlite3.Error) else error
            batch[0].answer.set_exception(known)
            return
        for asked in batch:
            self._commit(connection, [asked])

    def _no_answer(self, error: sqlite3.Error) -> Unanswered:
        return Unanswered(f"inbox {self._file}: {error}")


def _make(connection: sqlite3.Connection, schema: Sequence[str], file: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > len(schema):
        raise InvalidInput(f"inbox {file}: its form is {found}, this program's is {len(schema)}; use another file")
    for step in schema[found:]:
        for statement in step.split(";\n"):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(schema)}")
    connection.execute("COMMIT")
