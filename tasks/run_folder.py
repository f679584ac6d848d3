"""A run's temporary folder: for its user only, and removed even if the run was killed.

Checkouts hold plan files and secrets, so a run that cannot clean up must not leave them. All folders are below one
parent, $TMPDIR/flowmart-UID. Beside each is a mark that names its owner:

    flowmart-0/                       0700
    flowmart-0/checkout-k2j4h5/       0700, the folder
    flowmart-0/checkout-k2j4h5.owner  who made it, as JSON (`tasks.process_identity`)

The next run removes the folders whose owner has ended, unless a tool that outlived it still works there.
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
    """An empty folder that only this user may enter; gone afterwards.

    Args:
        purpose: what it is for, as its name begins.
        root: where temporary files go; by default as Python's tempfile has it (TMPDIR).

    Raises:
        InvalidInput: Somebody else may enter the parent.
    """
    with tempfile.TemporaryDirectory(prefix=f"{purpose}-", dir=_parent(root), ignore_cleanup_errors=True) as name:
        mark = Path(f"{name}{_OWNER}")
        mark.write_text(json.dumps(current().record()))
        try:
            yield Path(name)
        finally:
            mark.unlink(missing_ok=True)


def remove_leftovers(root: Path | None = None) -> tuple[Path, ...]:
    """Remove the folders of runs that have ended without doing so, and name them."""
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
    """Whether the owner has ended. A mark that is being written, or that somebody removed, says nothing."""
    try:
        return is_over(ProcessIdentity.from_record(json.loads(mark.read_text())))
    except (OSError, ValueError, TypeError):
        return False


def _is_used(folder: Path, places: frozenset[str]) -> bool:
    return any(str(folder) in place for place in places)


def _places_in_use() -> frozenset[str]:
    """The working folders and arguments of all processes that this user may look at."""
    found = [process.info for process in psutil.process_iter(["cwd", "cmdline"])]
    return frozenset(text for about in found for text in (about["cwd"], *(about["cmdline"] or ())) if text)
