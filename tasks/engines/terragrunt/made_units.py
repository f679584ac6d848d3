"""Record prepared units for the next step that uses them in the same checkout."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tasks.domain.release import Inputs
from tasks.domain.values import digest_of
from tasks.engines import sealed
from tasks.engines.terragrunt.answers import Configuration
from tasks.engines.terragrunt.recording import Recorded

_FILE = "flowmart.made.json"


@dataclass(frozen=True)
class Made:
    """A prepared unit.

    Attributes:
        folder: the folder in which Terraform runs.
        configuration: the unit's configuration.
        made_with: the digest of the inputs that it was prepared with.
        recorded: how Terragrunt would run Terraform there; None if Terragrunt must run it itself.
    """

    folder: Path
    configuration: Configuration
    made_with: str
    recorded: Recorded | None = None

    def holds_with(self, inputs: Inputs) -> bool:
        """Tell whether the unit would be prepared in the same way with these inputs."""
        return self.made_with == digest_with(inputs)


def digest_with(inputs: Inputs) -> str:
    """Return a digest of the inputs that a unit is prepared with."""
    return digest_of([inputs.upstream, inputs.values, inputs.secretive])


def save(made: Made, downloads: Path) -> None:
    """Write a unit to its folder of downloads, readable only by the owner: it contains secrets."""
    sealed.save({**asdict(made), "folder": str(made.folder)}, downloads / _FILE)


def load(downloads: Path) -> Made | None:
    """Read the unit from its folder of downloads; None if it has not been prepared."""
    file = downloads / _FILE
    if not file.is_file():
        return None
    written = json.loads(file.read_text())
    return Made(
        Path(written["folder"]),
        Configuration.read(written["configuration"]),
        written["made_with"],
        Recorded.read(written["recorded"]) if written["recorded"] else None,
    )
