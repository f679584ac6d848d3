"""The files of a log folder: one for each process, whole lines only, the old ones removed.

`flowmart-<start>-<pid>.ndjson`. A process writes into files of its own and holds a lock on the one that is open, so
another one that cleans up knows which files to leave alone. A file is never renamed, so a shipper misses nothing.
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
"""Bytes of files that are kept at most."""
FULL = 64 * 1024**2
"""Bytes after which a process that goes on begins another file, so that old lines can be removed."""

PATTERN = "flowmart-*.ndjson"
_NAME = re.compile(r"flowmart-(\d{8}T\d{6}\.\d{6}Z)-(\d+)\.ndjson")


@dataclass(frozen=True)
class LogFile:
    """A file of the folder: when it was begun, when it was last written (seconds since 1970), and its size."""

    path: Path
    began: float
    ended: float
    size: int


def in_folder(folder: Path) -> list[LogFile]:
    """The files of a folder, oldest first; none where there is no such folder."""
    found = []
    for path in folder.glob(PATTERN):
        with suppress(FileNotFoundError):
            status = path.stat()
            found.append(LogFile(path, _began(path.name, status.st_mtime), status.st_mtime, status.st_size))
    return sorted(found, key=lambda file: (file.began, file.path.name))


def clean(folder: Path, now: float, seconds: float = DAYS, size: int = SIZE) -> None:
    """Remove files that are older than `seconds`, and the oldest while all have more than `size` bytes together."""
    files = in_folder(folder)
    whole = sum(file.size for file in files)
    for file in files:
        if (file.ended < now - seconds or whole > size) and _remove(file.path):
            whole -= file.size


class Writer:
    """Writes lines into the file of this process. Not to be shared by threads.

    Args:
        folder: made when the first line is written, for its owner only.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = -1
        self._size = 0

    def write(self, line: bytes) -> None:
        """Write a line in one go; `OSError` if it cannot be written, and then nothing of it is in the file."""
        if self._file < 0 or self._size >= FULL:
            self._open()
        written = os.write(self._file, line)
        if written < len(line):
            # The disk is full: half a line would spoil the next one as well.
            os.ftruncate(self._file, self._size)
            raise OSError(28, "No space left on device", str(self.folder))
        self._size += written

    def close(self) -> None:
        """Give the file up; the next line begins another one."""
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
            # Some network file systems have no locks; there, only age and size tell what may be removed.
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def name() -> str:
    """The name of a file that this process begins now."""
    return f"flowmart-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{os.getpid()}.ndjson"


def _remove(path: Path) -> bool:
    """Remove a file, unless a process has it open. Whether it is gone."""
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
    """When a file was begun, by its name; `otherwise` where the name does not say."""
    named = _NAME.fullmatch(name)
    if named is None:
        return otherwise
    try:
        return datetime.strptime(named[1], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return otherwise
