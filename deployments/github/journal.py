"""One SQLite file with a single writer thread, so that many writes share one fsync.

Writes requested during a commit go into the next commit together. A durable write costs an fsync, and a hundred
simultaneous deliveries need not wait for a hundred of them. Other processes may read and write at the same time:
SQLite's lock separates them. What is written is left to the inbox.
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
"""Seconds to wait for another process that is writing."""

_LARGEST_BATCH = 256


@dataclass(frozen=True)
class _Asked:
    write: Write
    answer: Future[Any] = field(default_factory=Future)


class Journal:
    """Performs writes in the order of their requests; each is durable once its future is done."""

    def __init__(self, file: Path, schema: Sequence[str]) -> None:
        """Open or create the file, and start the writer thread.

        Args:
            file: its path.
            schema: the statements of each version, which upgrade the version before; the last is the current one.

        Raises:
            InvalidInput: the file cannot be opened, is not an inbox, or has a newer version.
        """
        self._file = file
        self._queue: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._prepare(schema)
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
        self._thread.start()

    def write(self, write: Write) -> Future[Any]:
        """Request `write`, to be run in a transaction. The future returns its result once that is on disk."""
        asked = _Asked(write)
        self._queue.put(asked)
        return asked.answer

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Open a connection for the caller that sees what is committed. Raises `Unanswered` if a read fails."""
        connection = self._connect()
        try:
            yield connection
        except sqlite3.Error as error:
            raise self._no_answer(error) from error
        finally:
            connection.close()

    def close(self) -> None:
        """Finish the requested writes, and stop."""
        self._queue.put(None)
        self._thread.join()

    def _prepare(self, schema: Sequence[str]) -> None:
        try:
            own_folder.made(self._file.parent)
            # Comments are private: other users of this machine must not read them.
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
            # From here on a write cannot be cancelled: a client that hangs up does not undo it.
            self._commit(connection, [asked for asked in batch if asked.answer.set_running_or_notify_cancel()])
        connection.close()

    def _next(self) -> list[_Asked] | None:
        """Return the pending writes, at least one; None when it is time to stop."""
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
        """Retry the writes one by one, so that one that fails does not affect the others of its batch."""
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
