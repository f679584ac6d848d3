"""Find files that `terraform fmt` would change, in one process for all units that a run plans at once.

The first unit checks the files of all their roots. If that process cannot read a file, for example because of a
syntax error, each unit is checked separately; the error then names the file.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.domain.errors import FlowmartError
from tasks.domain.platform import Unit
from tasks.engines import sealed, validation
from tasks.engines.base import Workspace
from tasks.engines.terraform import surroundings
from tasks.engines.terraform.options import options

_FOLDER = ".formatted"
"""The folder in a run's checkout that holds the result."""


def unformatted(workspace: Workspace) -> list[str]:
    """Return the files of a unit that `terraform fmt` would change, relative to infrastructure/."""
    found = _together(workspace)
    own = _folder(workspace, workspace.unit)
    files = _asked(workspace, [workspace.unit]) if found is None else found
    return sorted({validation.relative(workspace, file) for file in files if Path(file).is_relative_to(own)})


def executable(workspace: Workspace) -> str:
    """Return the tool that the unit chose."""
    return _chosen(workspace.unit, workspace)


def _chosen(unit: Unit, workspace: Workspace) -> str:
    return options(unit.options).binary or workspace.executable


def _is_alike(unit: Unit, workspace: Workspace) -> bool:
    same = unit.engine == workspace.unit.engine and _chosen(unit, workspace) == executable(workspace)
    return same and (workspace.infrastructure / unit.source).is_dir()


def _together(workspace: Workspace) -> list[str] | None:
    """Return the files of all units; None if they could not be read at once, or the result is about others.

    Which units are planned at once is only asked for the first of them: each answer goes through all units.
    """
    file, units = workspace.infrastructure / _FOLDER / f"{executable(workspace).replace('/', '_')}.json", list[Unit]()
    if not file.is_file():
        units = [workspace.unit, *(unit for unit in workspace.together() if _is_alike(unit, workspace))]
        if len(units) == 1:
            return None
    kept = _kept(workspace, units, file)
    found: list[str] | None = kept["files"] if workspace.unit.source in kept["of"] else None
    return found


def _kept(workspace: Workspace, units: Sequence[Unit], file: Path) -> Mapping[str, Any]:
    """Return what a file holds, after writing it for these units if no other unit's thread or job has."""
    file.parent.mkdir(exist_ok=True)
    with (file.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.is_file():
            sealed.save({"of": [unit.source for unit in units], "files": _tried(workspace, units)}, file)
        found: Mapping[str, Any] = json.loads(file.read_text())
        return found


def _tried(workspace: Workspace, units: Sequence[Unit]) -> list[str] | None:
    try:
        return _asked(workspace, units)
    except FlowmartError:
        return None


def _asked(workspace: Workspace, units: Sequence[Unit]) -> list[str]:
    """Return the files, by their paths in the units' folders: they may be links to a file that units share."""
    folders = dict.fromkeys(str(_folder(workspace, unit)) for unit in units)
    argv = [executable(workspace), "fmt", "-check", "-recursive", "-no-color", *folders]
    finished = validation.run(workspace, argv, good=(0, 3), **surroundings.fixed(workspace.processes.environment))
    # The tool prints paths relative to its working folder.
    here = workspace.folder.resolve()
    return [os.path.normpath(here / line.strip()) for line in finished.stdout.split("\n") if line.strip()]


def _folder(workspace: Workspace, unit: Unit) -> Path:
    return workspace.infrastructure.resolve() / os.path.normpath(unit.source)
