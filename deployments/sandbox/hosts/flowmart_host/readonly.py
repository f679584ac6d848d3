"""Say that a host's /usr, which is this machine's and read-only, is not emulated.

Every Python process of a host runs this at startup, so it imports little.
"""

from __future__ import annotations

import builtins
import errno
import os
from collections.abc import Callable
from typing import Any

_WRITING = (
    *("open", "mkdir", "rmdir", "unlink", "remove", "rename", "replace", "symlink", "link"),
    *("chmod", "chown", "lchown", "utime", "truncate"),
)
"""Functions of `os` that change files."""

_SETS = (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks)
"""Functions of `os` by what they support; others ask for it by the function itself."""


def explain() -> None:
    """Make functions that change files in /usr fail as not emulated, in place of the kernel's words."""
    for name in _WRITING:
        original = getattr(os, name)
        explained = _explained(original)
        for supporting in _SETS:
            if original in supporting:
                supporting.add(explained)
        setattr(os, name, explained)
    builtins.open = _explained(builtins.open)


def _explained(original: Callable[..., Any]) -> Callable[..., Any]:
    def explained(*arguments: Any, **named: Any) -> Any:
        try:
            return original(*arguments, **named)
        except OSError as error:
            if error.errno != errno.EROFS:
                raise
            told = (
                f"{os.strerror(errno.ENOSYS)}: not emulated: the sandbox's hosts cannot change this machine's files"
            )
            raise OSError(errno.EROFS, told, error.filename, None, error.filename2) from error

    return explained
