"""Save the state that an apply could not save: push it to the backend, or keep it for its owner until that works.

Until then the backend's state lacks what the apply did. A plan from it would create the same objects a second time.
So `push_kept` comes before every plan that may write, and `refuse_lacking` stops the others.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks import own_folder
from tasks.domain.errors import FlowmartError, Unanswered
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


def save(workspace: Workspace, terraform: Execution, *, keeps: bool = True) -> Saved:
    """Push the state that terraform could not save, if there is one.

    If that fails, the state is moved to a folder that outlives the run, and the message names its file.

    Args:
        keeps: the state says more than the next refresh would find, so it must not be lost.
    """
    unsaved = workspace.folder / _UNSAVED
    if not unsaved.exists():
        return Saved()
    try:
        terraform.read(commands.state_push(workspace.executable, unsaved), workspace.writing)
    except FlowmartError as error:
        told = f"\nThe state could not be saved: {error}"
        if not keeps:
            return Saved(False, told)
        kept = _keep(workspace, terraform, unsaved)
        return Saved(False, f"{told}\nIt is kept in {kept}: push it first.")
    unsaved.unlink()
    return Saved(True, "\nTerraform could not save the state; it was pushed afterwards and is complete.")


def push_kept(workspace: Workspace, terraform: Execution) -> None:
    """Push what earlier applies on this machine could not save of a unit's state, if the state still lacks it.

    Raises:
        Unanswered: the state cannot be saved yet; the message names the file that holds it.
    """
    if not _kept(workspace, terraform):
        return
    for file in _lacking(workspace, terraform, terraform.state(workspace.writing)):
        try:
            terraform.read(commands.state_push(workspace.executable, file), workspace.writing)
        except FlowmartError as error:
            raise Unanswered(f"{_told(workspace, file)}: {error}") from error
        file.unlink()


def refuse_lacking(workspace: Workspace, terraform: Execution, state: Mapping[str, Any]) -> None:
    """Check that a state does not lack what an apply on this machine could not save.

    Args:
        workspace: the unit.
        terraform: knows where the state is.
        state: the state; empty if there is none.

    Raises:
        Unanswered: names the file to push.
    """
    for file in _lacking(workspace, terraform, state):
        raise Unanswered(
            f"{_told(workspace, file)}: push it (terraform state push), or remove the file if it is wrong"
        )


def _lacking(workspace: Workspace, terraform: Execution, state: Mapping[str, Any]) -> list[Path]:
    """Return the files with later versions of a state that were not saved."""
    return [file for file in _kept(workspace, terraform) if _is_later(json.loads(file.read_text()), state)]


def _is_later(kept: Mapping[str, Any], state: Mapping[str, Any]) -> bool:
    """Tell whether a state is a later version of another one, or of none."""
    return not state or (kept["lineage"] == state["lineage"] and kept["serial"] > state["serial"])


def _told(workspace: Workspace, file: Path) -> str:
    return f"the state of {workspace.target} lacks what an apply did, which {file} holds"


def _keep(workspace: Workspace, terraform: Execution, state: Path) -> Path:
    """Move the state out of the temporary checkout, readable only by its owner."""
    name = f"errored-{workspace.environment.name}-{workspace.unit.name}-{_key(workspace, terraform)}"
    kept = own_folder.made(_place()) / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S}.tfstate"
    shutil.move(state, kept)
    kept.chmod(0o600)
    return kept


def _kept(workspace: Workspace, terraform: Execution) -> list[Path]:
    return sorted(_place().glob(f"errored-*-{_key(workspace, terraform)}-*.tfstate"))


def _place() -> Path:
    return Path.cwd() / own_folder.NAME


def _key(workspace: Workspace, terraform: Execution) -> str:
    """Return what tells the states of several units and platforms apart: where each is."""
    about = f"{workspace.platform} {terraform.place or workspace.target.unit} {workspace.environment.name}"
    return hashlib.sha256(about.encode()).hexdigest()[:12]
