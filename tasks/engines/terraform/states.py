"""Save the state that an apply could not save: push it to the backend afterwards, or keep it for its owner."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tasks import own_folder
from tasks.domain.errors import FlowmartError
from tasks.engines.base import Workspace
from tasks.engines.terraform import commands
from tasks.engines.terraform.execution import Execution

_UNSAVED = "errored.tfstate"
"""The file in which terraform leaves a state that the backend did not accept."""


@dataclass(frozen=True)
class Saved:
    """Whether the state now records everything that was done, and a message about it."""

    complete: bool = True
    detail: str = ""


def save(workspace: Workspace, terraform: Execution) -> Saved:
    """Push the state that terraform could not save, if there is one.

    If that fails, the state is moved to a folder that outlives the run, and the message names its file.
    """
    unsaved = workspace.folder / _UNSAVED
    if not unsaved.exists():
        return Saved()
    try:
        terraform.read(commands.state_push(workspace.executable, unsaved), workspace.writing)
    except FlowmartError as error:
        kept = _kept(unsaved, f"{workspace.environment.name}-{workspace.unit.name}")
        return Saved(False, f"\nThe state could not be saved: {error}\nIt is kept in {kept}: push it first.")
    unsaved.unlink()
    return Saved(True, "\nTerraform could not save the state; it was pushed afterwards and is complete.")


def _kept(state: Path, name: str) -> Path:
    """Move the state out of the temporary checkout, readable only by its owner."""
    place = own_folder.made(Path.cwd() / own_folder.NAME)
    kept = place / f"errored-{name}-{datetime.now(UTC):%Y%m%dT%H%M%S}.tfstate"
    shutil.move(state, kept)
    kept.chmod(0o600)
    return kept
