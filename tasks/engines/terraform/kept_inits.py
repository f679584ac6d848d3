"""What an init made, kept on this machine for the next run that would make the same (drift, a plan once more).

    $TMPDIR/flowmart-UID/inits/<digest>/    the digest of all that an init depends on
      data/                     what was in .terraform: backend, modules, providers
      .terraform.lock.hcl       what init wrote where the release has none

It is copied in and out, so no two runs share a folder that a command writes to, and it is kept for a day. The digest
has the environment and its role in it: what one environment's init made is never another's. Where the backend is
given settings, which may be secret, nothing is kept; nor where the folder has more than a few megabytes of its own:
providers from a mirror or a plugin cache are links.
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
"""How the names of files begin in which Terragrunt notes where it has copied a root from."""
_LARGEST = 8 * 1024 * 1024
_SECONDS = 86400.0
_CONFIGURATIONS = ("TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG", "~/.terraformrc", "~/.tofurc")


def digest(workspace: Workspace, argv: Sequence[str], made_with: str, around: Mapping[str, str]) -> str:
    """Stands for all that an init depends on.

    Args:
        workspace: whose root it is.
        argv: the command line, with the backend's settings.
        made_with: what of the inputs it depends on.
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
    """Put what was kept into a root's folder; whether there was any that still holds."""
    place, data = kept_folder(_INITS) / key, folder / backends.DATA
    if data.exists() or not _is_fresh(place) or not all(link.exists() for link in _links(place / _DATA)):
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
    """Keep what init made in a root's folder; `locked`: the lock file is the release's own."""
    place, data = kept_folder(_INITS) / key, folder / backends.DATA
    if _size(data) > _LARGEST:
        return
    # A copy that cannot be written costs time and nothing else.
    with suppress(OSError):
        _forget_old(place.parent)
        unfinished = Path(tempfile.mkdtemp(dir=place.parent, prefix="unfinished-"))
        shutil.copytree(data, unfinished / _DATA, symlinks=True)
        if (folder / LOCK_FILE).is_file() and not locked:
            shutil.copy(folder / LOCK_FILE, unfinished / LOCK_FILE)
        try:
            unfinished.rename(place)
        except OSError:  # another run was faster
            shutil.rmtree(unfinished, ignore_errors=True)


def _is_fresh(place: Path) -> bool:
    with suppress(OSError):
        return time.time() - place.stat().st_mtime < _SECONDS
    return False


def _forget_old(parent: Path) -> None:
    for place in parent.iterdir():
        if not _is_fresh(place):
            shutil.rmtree(place, ignore_errors=True)


def _files(folder: Path) -> Iterator[Path]:
    """The root's own files; the inputs that are written beside them count by `made_with`."""
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
