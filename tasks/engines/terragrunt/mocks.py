"""Refuses a plan that would hold mock outputs. Terragrunt itself would apply them without a word.

A plan does not tell what of it is a mock: where outputs are merged, Terragrunt does not even warn. What tells is a
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
    """Refuse to plan a unit that would get mocks.

    Raises:
        Refused: names the outputs that are not there.
    """
    for dependency in configuration.dependencies:
        if not dependency.mocks:
            continue
        folder = (workspace.folder / dependency.config_path).resolve()
        outputs = _known(workspace, folder, inputs)
        if outputs is None:
            outputs = _asked(preparation, folder)
        if mocked := answers.mocked(dependency, outputs):
            raise Refused(
                f"{workspace.unit.source}: would be planned with mocks of {dependency.name}'s {', '.join(mocked)}, "
                "which are not there: apply that unit first, or remove them from mock_outputs"
            )


def _known(workspace: Workspace, folder: Path, inputs: Inputs) -> Mapping[str, Any] | None:
    """The outputs in the receipt of the unit in a folder; None where none is known."""
    infrastructure = workspace.infrastructure.resolve()
    names = [each.name for each in workspace.neighbours() if (infrastructure / each.source).resolve() == folder]
    return next((inputs.upstream[name] for name in names if inputs.upstream.get(name) is not None), None)


def _asked(preparation: Preparation, folder: Path) -> Mapping[str, Any]:
    """The outputs of the unit in a folder, by asking Terragrunt."""
    found: Mapping[str, Any] = json.loads(preparation.run(commands.output(preparation.executable), folder) or "{}")
    return found
