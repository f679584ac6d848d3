"""The location of a host's files, and the error of all its programs."""

from __future__ import annotations

import argparse
import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn


class Failed(Exception):
    """A program fails: the message for standard error, and the exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def not_emulated(what: str) -> Failed:
    """Return an error that cannot be mistaken for the original program's.

    It begins with the text of ENOSYS, because the host can never do this.
    """
    return Failed(f"{os.strerror(errno.ENOSYS)}: not emulated: the sandbox's hosts have no {what}")


class Arguments(argparse.ArgumentParser):
    """A parser of command lines. Arguments that it does not know are not emulated: the original may know them."""

    def error(self, message: str) -> NoReturn:
        """Raise `Failed` in place of ending the program with its usage."""
        raise not_emulated(f"{self.prog} with such arguments ({message})")


def place(path: str) -> Path:
    """Return where an absolute path of the host is. Tests set another root."""
    return Path(os.environ.get("FLOWMART_HOST_ROOT", "/")) / path.lstrip("/")


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold a lock of this host, because several names in an inventory may refer to one host."""
    file = place(f"/run/lock/flowmart-{name}")
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
