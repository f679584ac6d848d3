"""Manages the files of a log folder: one for each process, whole lines only, old files removed.

`flowmart-<start>-<pid>.ndjson`. A process writes only to its own files and locks the open one, so that another
process that cleans up does not remove it. Files are never renamed, so a shipper misses nothing.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tasks import own_folder

DAYS = 7 * 86400.0
"""Seconds for which files are kept."""
SIZE = 1024**3
"""Maximum total bytes of kept files."""
FULL = 64 * 1024**2
"""Bytes after which a process begins another file, so that old lines can be removed."""

PATTERN = "flowmart-*.ndjson"
_NAME = re.compile(r"flowmart-(\d{8}T\d{6}\.\d{6}Z)-(\d+)\.ndjson")


@dataclass(frozen=True)
class LogFile:
    """A file of the folder: when it was begun and last written (seconds since 1970), and its size in bytes."""

    path: Path
    began: float
    ended: float
    size: int


def in_folder(folder: Path) -> list[LogFile]:
    """Return the files of a folder, oldest first; empty if the folder does not exist."""
    found = []
    for path in folder.glob(PATTERN):
        with suppress(FileNotFoundError):
            status = path.stat()
            found.append(LogFile(path, _began(path.name, status.st_mtime), status.st_mtime, status.st_size))
    return sorted(found, key=lambda file: (file.began, file.path.name))


def clean(folder: Path, now: float, seconds: float = DAYS, size: int = SIZE) -> None:
    """Remove old files of a log folder.

    Args:
        folder: the log folder.
        now: seconds since 1970.
        seconds: files that were last written earlier than this before `now` are removed.
        size: the oldest files are removed while all files together have more bytes.
    """
    files = in_folder(folder)
    whole = sum(file.size for file in files)
    for file in files:
        if (file.ended < now - seconds or whole > size) and _remove(file.path):
            whole -= file.size


class Writer:
    """Writes lines to this process's file. Not thread-safe.

    Args:
        folder: created for its owner only, when the first line is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = -1
        self._size = 0

    def write(self, line: bytes) -> None:
        """Write a whole line.

        Raises:
            OSError: the line cannot be written, and nothing of it is in the file.
        """
        if self._file < 0 or self._size >= FULL:
            self._open()
        written = os.write(self._file, line)
        if written < len(line):
            # The disk is full: a partial line would also corrupt the next one.
            os.ftruncate(self._file, self._size)
            raise OSError(28, "No space left on device", str(self.folder))
        self._size += written

    def close(self) -> None:
        """Close the file; the next line begins another one."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _open(self) -> None:
        self.close()
        own_folder.made(self.folder)
        clean(self.folder, time.time())
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(self.folder / name(), flags, 0o600)
        self._size = 0
        with suppress(OSError):
            # Some network file systems have no locks; there, only age and size decide what is removed.
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def name() -> str:
    """Return the name of a file that this process begins now."""
    return f"flowmart-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{os.getpid()}.ndjson"


def _remove(path: Path) -> bool:
    """Remove a file, unless a process has it open; return whether it is gone."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except OSError:
        return False
    finally:
        os.close(file)
    return True


def _began(name: str, otherwise: float) -> float:
    """Return when a file was begun, from its name; `otherwise` if the name has no time."""
    named = _NAME.fullmatch(name)
    if named is None:
        return otherwise
    try:
        return datetime.strptime(named[1], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return otherwise
