"""Keep the result of an init on this machine for later runs that would repeat it (drift, another plan).

    $TMPDIR/flowmart-UID/inits/<digest>/    the digest of everything that an init depends on
      data/                     the content of .terraform: backend, modules, providers
      .terraform.lock.hcl       as init wrote it, if the release has none

Results are copied in and out, so two runs never share a folder that a command writes to. They are kept for a day. The
digest includes the environment and its role, so environments never share a result.

Nothing is kept if the backend gets settings, which may be secret. Nor is a folder kept with more than a few megabytes
of its own: providers from a mirror or a plugin cache are links.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tasks.engines.base import Workspace
from tasks.engines.terraform import backends
from tasks.engines.terraform.commands import LOCK_FILE, VARIABLES_FILE
from tasks.run_folder import kept_folder

_INITS, _DATA = "inits", "data"
_NOTES = ".terragrunt-"
"""The prefix of the files in which Terragrunt records where it copied a root from."""
_LARGEST = 8 * 1024 * 1024
_SECONDS = 86400.0
_CHECKED, _PAUSE = "inits-checked", 3600.0
"""A folder whose time says when old results were last removed, and seconds until that is done again."""
_CONFIGURATIONS = ("TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG", "~/.terraformrc", "~/.tofurc")


def digest(workspace: Workspace, argv: Sequence[str], made_with: str, around: Mapping[str, str]) -> str:
    """Return a digest of everything that an init depends on.

    Args:
        workspace: the unit that the root belongs to.
        argv: the command line, with the backend's settings.
        made_with: the part of the inputs that the init depends on.
        around: the environment variables that the tool gets.
    """
    environment = workspace.environment
    found: dict[str, Any] = {
        "who": [
            workspace.platform,
            environment.name,
            environment.account,
            environment.region,
            repr(environment.roles),
        ],
        "what": [workspace.unit.name, workspace.unit_digest, made_with, repr(sorted(workspace.unit.options.items()))],
        "files": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in _files(workspace.folder)},
        "command": [*argv],
        "tool": _identity(shutil.which(argv[0]) or argv[0]),
        "variables": {name: value for name, value in sorted(around.items()) if name.startswith(("TF_", "TOFU_"))},
        "configurations": [_text(around.get(name, "") or name) for name in _CONFIGURATIONS],
    }
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def provide(key: str, folder: Path) -> bool:
    """Copy a kept result into a root's folder. Tell whether there was one that is still usable."""
    place, data = kept_folder(_INITS) / key, folder / backends.DATA
    if data.exists() or not _is_usable(place):
        return False
    try:
        shutil.copytree(place / _DATA, data, symlinks=True)
        if (place / LOCK_FILE).is_file() and not (folder / LOCK_FILE).exists():
            shutil.copy(place / LOCK_FILE, folder / LOCK_FILE)
    except OSError:
        shutil.rmtree(data, ignore_errors=True)
        return False
    return True


def keep(key: str, folder: Path, *, locked: bool) -> None:
    """Keep what init made in a root's folder.

    Args:
        key: the digest of what the init depends on.
        folder: the root's folder.
        locked: the lock file belongs to the release, so it is not kept.
    """
    place, data = kept_folder(_INITS) / key, folder / backends.DATA
    if _size(data) > _LARGEST:
        return
    # Without a copy, the next run only takes longer.
    with suppress(OSError):
        _forget_old(place.parent)
        unfinished = Path(tempfile.mkdtemp(dir=place.parent, prefix="unfinished-"))
        shutil.copytree(data, unfinished / _DATA, symlinks=True)
        if (folder / LOCK_FILE).is_file() and not locked:
            shutil.copy(folder / LOCK_FILE, unfinished / LOCK_FILE)
        if not _is_usable(place):
            shutil.rmtree(place, ignore_errors=True)
        try:
            unfinished.rename(place)
        except OSError:  # Another run was faster.
            shutil.rmtree(unfinished, ignore_errors=True)


def _is_usable(place: Path) -> bool:
    """Tell whether a kept result is recent and what it links to still exists."""
    return _is_fresh(place) and all(link.exists() for link in _links(place / _DATA))


def _is_fresh(place: Path, seconds: float = _SECONDS) -> bool:
    with suppress(OSError):
        return time.time() - place.stat().st_mtime < seconds
    return False


def _forget_old(parent: Path) -> None:
    """Remove old results, but not after every init: a machine may keep thousands, and this looks at each."""
    checked = kept_folder(_CHECKED)
    if _is_fresh(checked, _PAUSE):
        return
    os.utime(checked)
    for place in parent.iterdir():
        if not _is_fresh(place):
            shutil.rmtree(place, ignore_errors=True)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the root's own files. The inputs written beside them count through `made_with`."""
    found = (file for file in sorted(folder.iterdir()) if not file.name.startswith(_NOTES))
    return (file for file in found if file.is_file() and file.name != VARIABLES_FILE)


def _links(folder: Path) -> Iterator[Path]:
    return (Path(parent) / name for parent, folders, files in os.walk(folder) for name in (*folders, *files))


def _size(folder: Path) -> int:
    return sum((Path(parent) / name).lstat().st_size for parent, _, files in os.walk(folder) for name in files)


def _identity(program: str) -> list[Any]:
    with suppress(OSError):
        found = Path(program).resolve().stat()
        return [program, found.st_size, found.st_mtime_ns]
    return [program]


def _text(named: str) -> str:
    with suppress(OSError, RuntimeError):
        return Path(named).expanduser().read_text()
    return ""
