"""Create files atomically, so that they survive a power loss.

A new file is written under a temporary name, synced, and then hard-linked to its own name. The link fails if the name
is taken, so exactly one of two writers succeeds, and no reader sees a partial file. The folder is synced too;
otherwise the name could be missing after a power loss.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_TEMPORARY = ".new-"


def create_file(root: Path, file: Path, data: bytes) -> None:
    """Create a file below `root`, with the folders above it; `FileExistsError` if it exists."""
    _create_folders(root, file.parent)
    handle, temporary = tempfile.mkstemp(prefix=_TEMPORARY, dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        os.link(temporary, file)
    finally:
        Path(temporary).unlink()
    _sync(file.parent)


def remove_file(file: Path) -> None:
    """Remove a file, and its folder if that is then empty. A file that does not exist is ignored."""
    file.unlink(missing_ok=True)
    with suppress(OSError):
        file.parent.rmdir()


def files_below(folder: Path, name: str) -> Iterator[str]:
    """Yield the names of all files below a folder, each prefixed with `name`; none if the folder does not exist."""
    try:
        with os.scandir(folder) as found:
            for each in found:
                if each.is_dir():
                    yield from files_below(folder / each.name, f"{name}/{each.name}")
                elif not each.name.startswith(_TEMPORARY):
                    yield f"{name}/{each.name}"
    except (FileNotFoundError, NotADirectoryError):
        return


def folders_below(folder: Path) -> Iterator[str]:
    """Yield the names of the folders directly in a folder; none if it does not exist."""
    try:
        with os.scandir(folder) as found:
            yield from (each.name for each in found if each.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return


def _create_folders(root: Path, folder: Path) -> None:
    """Create the folders between `root` and `folder`, and sync each one's parent."""
    if folder == root or folder.is_dir():
        return
    _create_folders(root, folder.parent)
    folder.mkdir(exist_ok=True, mode=0o700)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
