"""Where a host's files are, and what everything here refuses with."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Failed(Exception):
    """What a program says and ends with when it cannot do what it was asked for."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def not_emulated(what: str) -> Failed:
    """A refusal that nobody takes for one of the original's, in the words for what a host can never do (ENOSYS)."""
    return Failed(f"{os.strerror(errno.ENOSYS)}: not emulated: the sandbox's hosts have no {what}")


def place(path: str) -> Path:
    """An absolute path of the host, as it is found from here: tests name another root."""
    return Path(os.environ.get("FLOWMART_HOST_ROOT", "/")) / path.lstrip("/")


@contextmanager
def locked(name: str) -> Iterator[None]:
    """One at a time: several names of an inventory may lead to one host."""
    file = place(f"/run/lock/flowmart-{name}")
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
