"""Units that are ready, written down for the next step that works on them in the same checkout."""

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
    """A unit that is ready.

    Attributes:
        folder: where Terraform runs.
        configuration: the unit's.
        made_with: the digest of what it was made with.
        recorded: how Terragrunt would run Terraform there; None where Terragrunt itself has to.
    """

    folder: Path
    configuration: Configuration
    made_with: str
    recorded: Recorded | None = None

    def holds_with(self, inputs: Inputs) -> bool:
        """Whether the unit would be made in the same way with these inputs."""
        return self.made_with == digest_with(inputs)


def digest_with(inputs: Inputs) -> str:
    """Changes when what a unit is made with does."""
    return digest_of([inputs.upstream, inputs.values, inputs.secretive])


def save(made: Made, downloads: Path) -> None:
    """Write a unit down in its folder of downloads; there are secrets in it."""
    sealed.save({**asdict(made), "folder": str(made.folder)}, downloads / _FILE)


def load(downloads: Path) -> Made | None:
    """The unit that was written down there; None where it was not made ready yet."""
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
