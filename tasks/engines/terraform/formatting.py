"""What `terraform fmt` would write in another way: one process for all units that a run works on at once.

The files of all their roots are asked about by whoever comes first. What that process cannot read, such as a file
with a mistake in it, is asked about unit by unit, and that says where the mistake is.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Sequence
from pathlib import Path

from tasks.domain.errors import FlowmartError
from tasks.domain.platform import Unit
from tasks.engines import sealed, validation
from tasks.engines.base import Workspace
from tasks.engines.terraform import surroundings
from tasks.engines.terraform.options import options

_FOLDER = ".formatted"
"""Where what was found is kept in the checkout of a run."""


def unformatted(workspace: Workspace) -> list[str]:
    """The files of a unit that would be written in another way, relative to infrastructure/."""
    units = [workspace.unit, *(unit for unit in workspace.together() if _is_alike(unit, workspace))]
    found = _together(workspace, units) if len(units) > 1 else None
    own = _folder(workspace, workspace.unit)
    files = _asked(workspace, units[:1]) if found is None else found
    return sorted({validation.relative(workspace, file) for file in files if Path(file).is_relative_to(own)})


def executable(workspace: Workspace) -> str:
    """The tool that the unit chose."""
    return _chosen(workspace.unit, workspace)


def _chosen(unit: Unit, workspace: Workspace) -> str:
    return options(unit.options).binary or workspace.executable


def _is_alike(unit: Unit, workspace: Workspace) -> bool:
    same = unit.engine == workspace.unit.engine and _chosen(unit, workspace) == executable(workspace)
    return same and (workspace.infrastructure / unit.source).is_dir()


def _together(workspace: Workspace, units: Sequence[Unit]) -> list[str] | None:
    """The files of all these units; None where they could not be read at once, or are not those that were."""
    folder = workspace.infrastructure / _FOLDER
    folder.mkdir(exist_ok=True)
    file = folder / f"{executable(workspace).replace('/', '_')}.json"
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.is_file():
            sealed.save({"of": [unit.source for unit in units], "files": _tried(workspace, units)}, file)
    kept = json.loads(file.read_text())
    found: list[str] | None = kept["files"] if workspace.unit.source in kept["of"] else None
    return found


def _tried(workspace: Workspace, units: Sequence[Unit]) -> list[str] | None:
    try:
        return _asked(workspace, units)
    except FlowmartError:
        return None


def _asked(workspace: Workspace, units: Sequence[Unit]) -> list[str]:
    """The files by their paths in the folders of the units: they may be links to a file that several units share."""
    folders = dict.fromkeys(str(_folder(workspace, unit)) for unit in units)
    argv = [executable(workspace), "fmt", "-check", "-recursive", "-no-color", *folders]
    finished = validation.run(workspace, argv, good=(0, 3), **surroundings.fixed(workspace.processes.environment))
    # The tool says where a file is from its own point of view.
    here = workspace.folder.resolve()
    return [os.path.normpath(here / line.strip()) for line in finished.stdout.split("\n") if line.strip()]


def _folder(workspace: Workspace, unit: Unit) -> Path:
    return workspace.infrastructure.resolve() / os.path.normpath(unit.source)
