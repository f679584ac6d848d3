"""Temporary folders of runs: private to the user, and removed even if the run was killed.

Checkouts hold plan files and secrets, so they must not stay behind. All folders are below one parent,
$TMPDIR/flowmart-UID. A file beside each names its owner:

    flowmart-0/                       0700
    flowmart-0/checkout-k2j4h5/       0700, the folder
    flowmart-0/checkout-k2j4h5.owner  the process that made it, as JSON (`tasks.process_identity`)

The next run removes the folders whose owner has ended, unless a tool of that run still works there.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import structlog

from tasks.domain.errors import InvalidInput
from tasks.process_identity import ProcessIdentity, current, is_over

log = structlog.get_logger("flowmart.run")

_OWNER = ".owner"


@contextmanager
def run_folder(purpose: str, root: Path | None = None) -> Iterator[Path]:
    """Create an empty folder that only this user may enter, and remove it at the end of the context.

    Args:
        purpose: the prefix of its name.
        root: the folder for temporary files; by default Python's tempfile decides (TMPDIR).

    Raises:
        InvalidInput: Other users may enter the parent.
    """
    with tempfile.TemporaryDirectory(prefix=f"{purpose}-", dir=_parent(root), ignore_cleanup_errors=True) as name:
        mark = Path(f"{name}{_OWNER}")
        mark.write_text(json.dumps(current().record()))
        try:
            yield Path(name)
        finally:
            mark.unlink(missing_ok=True)


def kept_folder(purpose: str) -> Path:
    """Return a private folder beside those of runs, for files that later runs may reuse but do not need."""
    folder = _parent(None) / purpose
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def remove_leftovers(root: Path | None = None) -> tuple[Path, ...]:
    """Remove the folders that ended runs left behind, and return their paths."""
    abandoned = [mark for mark in _parent(root).glob(f"*{_OWNER}") if _has_ended(mark)]
    places = _places_in_use() if abandoned else frozenset()
    removed = tuple(mark.with_suffix("") for mark in abandoned if not _is_used(mark.with_suffix(""), places))
    for folder in removed:
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            folder.with_suffix(_OWNER).unlink(missing_ok=True)
            log.info("removed", what=f"{folder}: its run has ended")
    return removed


def _parent(root: Path | None) -> Path:
    folder = (root or Path(tempfile.gettempdir())).resolve() / f"flowmart-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise InvalidInput(
            f"{folder}: other users can enter or replace this folder for temporary files. Remove it, or set TMPDIR."
        )
    return folder


def _has_ended(mark: Path) -> bool:
    """Tell whether the owner has ended; False for a file that is still being written or was removed meanwhile."""
    try:
        return is_over(ProcessIdentity.from_record(json.loads(mark.read_text())))
    except (OSError, ValueError, TypeError):
        return False


def _is_used(folder: Path, places: frozenset[str]) -> bool:
    return any(str(folder) in place for place in places)


def _places_in_use() -> frozenset[str]:
    """Return the working folders and arguments of all processes that this user may inspect."""
    found = [process.info for process in psutil.process_iter(["cwd", "cmdline"])]
    return frozenset(text for about in found for text in (about["cwd"], *(about["cmdline"] or ())) if text)
