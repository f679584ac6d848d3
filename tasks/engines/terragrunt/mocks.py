"""Reject a plan that would contain mock outputs. Terragrunt itself would apply them without a warning.

A plan does not show which values are mocks: if outputs are merged, Terragrunt does not even warn. The only sign is a
key of `mock_outputs` that the dependency's real outputs lack.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.domain.errors import Refused
from tasks.domain.release import Inputs
from tasks.engines.base import Workspace
from tasks.engines.terragrunt import answers, commands
from tasks.engines.terragrunt.answers import Configuration
from tasks.engines.terragrunt.preparation import Preparation


def refuse(preparation: Preparation, workspace: Workspace, configuration: Configuration, inputs: Inputs) -> None:
    """Check that a unit would get no mocks.

    Args:
        preparation: runs Terragrunt, to read outputs that are not known.
        workspace: the unit's workspace.
        configuration: the unit's configuration.
        inputs: the inputs of the plan, with the known outputs of other units.

    Raises:
        Refused: names the missing outputs.
    """
    mocking = [dependency for dependency in configuration.dependencies if dependency.mocks]
    known = _known(workspace, inputs) if mocking else {}
    for dependency in mocking:
        folder = (workspace.folder / dependency.config_path).resolve()
        outputs = known.get(folder)
        if outputs is None:
            outputs = _asked(preparation, folder)
        if mocked := answers.mocked(dependency, outputs):
            raise Refused(
                f"{workspace.unit.source}: would be planned with mocks of {dependency.name}'s {', '.join(mocked)}, "
                "which are not there: apply that unit first, or remove them from mock_outputs"
            )


def _known(workspace: Workspace, inputs: Inputs) -> Mapping[Path, Mapping[str, Any]]:
    """Return {folder: outputs} of the units whose outputs are known."""
    infrastructure = workspace.infrastructure.resolve()
    given = ((each.source, inputs.upstream.get(each.name)) for each in workspace.neighbours())
    return {(infrastructure / source).resolve(): outputs for source, outputs in given if outputs is not None}


def _asked(preparation: Preparation, folder: Path) -> Mapping[str, Any]:
    """Read the outputs of the unit in a folder with Terragrunt."""
    found: Mapping[str, Any] = json.loads(preparation.run(commands.output(preparation.executable), folder) or "{}")
    return found
