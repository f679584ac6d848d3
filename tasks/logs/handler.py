"""Passes the product's events to a separate thread that writes them, so that a slow disk cannot delay a promotion.

If there is no space for a line, on the disk or in the queue, the line is counted and dropped. This is reported once
on standard error, and in the log as soon as it can be written.
"""

from __future__ import annotations

import atexit
import itertools
import logging
import os
import queue
import socket
import sys
import threading
import traceback
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from tasks import masking
from tasks.logs import documents
from tasks.logs.files import Writer

ROOM = 10_000
"""Maximum number of lines in the queue."""

PATIENCE = 2.0
"""Seconds that an ending process waits for its last lines to be written."""

_PROCESS_RUN = uuid.uuid4().hex
"""Replaces the run's id if there is no run history."""

Where = Callable[[], Mapping[str, str]]
"""Returns the current run: `run`, `root_run` and `task_run`, as far as they are known."""


class EcsHandler(logging.Handler):
    """Writes events as ECS documents to the files of a folder.

    Args:
        folder: the log folder.
        where: returns the run of an event.

    Attributes:
        taken: the number of lines that were received.
        lost: how many of these could not be written.
    """

    def __init__(self, folder: Path, where: Where = dict) -> None:
        super().__init__(logging.DEBUG)
        self.folder = folder
        self.taken = self.lost = 0
        self._where = where
        self._number = itertools.count(1)
        self._service = _service()
        self._begin()
        masking.learn_variables(os.environ)
        # logging flushes at exit too, but forgets this handler if logging is configured again, as Prefect does.
        atexit.register(self.flush)

    def emit(self, record: logging.LogRecord) -> None:
        """Queue an event to be written. Never raises and never waits."""
        self.taken += 1
        try:
            about = {"run": _PROCESS_RUN, **self._where()}
            event = {**about, **_event(record), "sequence": next(self._number)}
            self._put(documents.line({**documents.document(event), **self._service}))
        except Exception as error:  # noqa: BLE001 (nothing about logging decides anything)
            self._lose(error)

    def flush(self) -> None:
        """Wait until all queued lines are written, for `PATIENCE` seconds at most."""
        if self._process != os.getpid() or self._thread is None:
            return
        written = threading.Event()
        try:
            self._lines.put_nowait(written)
        except queue.Full:
            return
        written.wait(PATIENCE)

    def close(self) -> None:
        """Write the queued lines, and close the handler."""
        self.flush()
        super().close()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lines: queue.Queue[bytes | threading.Event] = queue.Queue(ROOM)
        self._thread: threading.Thread | None = None

    def _put(self, line: bytes) -> None:
        if self._process != os.getpid():
            # A forked child has none of its parent's threads, and needs its own file.
            self._begin()
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, args=(self._lines,), name="log", daemon=True)
            self._thread.start()
        self._lines.put_nowait(line)

    def _write(self, lines: queue.Queue[bytes | threading.Event]) -> None:
        writer, lost = Writer(self.folder), 0
        while True:
            line = lines.get()
            if isinstance(line, threading.Event):
                line.set()
                continue
            try:
                if self.lost > lost:
                    writer.write(self._of_lost(self.lost - lost))
                    lost = self.lost
                writer.write(line)
            except Exception as error:  # noqa: BLE001 (the thread must outlive whatever a file system raises)
                writer.close()
                self._lose(error)

    def _lose(self, error: Exception) -> None:
        self.lost += 1
        if self.lost == 1:
            what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            # Standard error may be closed, or be on the disk that is full.
            with suppress(Exception):
                sys.stderr.write(f"log: lines are missing in {self.folder}: {masking.mask(what)}; the run goes on\n")

    def _of_lost(self, count: int) -> bytes:
        event = {"event": "log lines lost", "what": f"{count} could not be written", "lost": count}
        made = documents.document({**event, **_about("warning", "flowmart.logs")})
        return documents.line({**made, **self._service})


def _event(record: logging.LogRecord) -> dict[str, Any]:
    """Convert a record of structlog or logging to an event."""
    told = record.msg if isinstance(record.msg, dict) else {"event": record.getMessage()}
    more = getattr(record, "flowmart", {})
    about = _about(record.levelname.lower(), record.name)
    exception = record.exc_info or told.get("exc_info")
    error = {"error": _error(exception)} if exception else {}
    found = {key: value for key, value in told.items() if key not in ("exc_info", "stack_info", "_record")}
    return {**about, **_given(found), **_given(more), **error}


def _given(event: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if value not in (None, "")}


def _about(level: str, logger: str) -> dict[str, str]:
    moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"timestamp": moment, "level": level, "logger": logger}


def _error(exception: Any) -> list[str] | None:
    """Return (type, message, stack) of an exception, from any form of `exc_info`."""
    if isinstance(exception, BaseException):
        exception = (type(exception), exception, exception.__traceback__)
    if not isinstance(exception, tuple):
        exception = sys.exc_info()
    kind, error, stack = exception
    if kind is None:
        return None
    return [kind.__name__, str(error), "".join(traceback.format_exception(kind, error, stack))]


def _service() -> dict[str, Any]:
    try:
        version = metadata.version("flowmart")
    except metadata.PackageNotFoundError:
        version = ""
    return {
        "service": {"name": "flowmart", "type": "delivery", **({"version": version} if version else {})},
        "host": {"name": socket.gethostname()},
        "process": {"pid": os.getpid()},
    }
