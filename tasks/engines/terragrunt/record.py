"""The record of what was found in a Terragrunt repository, kept as a file of the release.

A release's units, their dependencies and the files they read must be known everywhere and years later: on a server,
in a status report. So Terragrunt is asked once, when the release is made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from tasks.domain.errors import InvalidInput

FOLDER = ".flowmart/terragrunt"
"""The folder below infrastructure/ for content that is not in the commit."""

FILE = f"{FOLDER}/units.json"
FORMAT = 1
NO_TERRAGRUNT = "none"
"""The value of FLOWMART_TERRAGRUNT if there is no Terragrunt. Releases are then made without its units."""


@dataclass(frozen=True)
class FoundUnit:
    """One Terragrunt unit of one environment.

    Attributes:
        path: its folder, relative to the environment's root.
        needs: the paths of the units of the same environment that must be applied before it.
        reading: the files that its configuration reads, relative to infrastructure/.
        sources: {remote source as written: the folder below infrastructure/ with its content}.
        excluded: why it takes no part; empty if it does.
        artefact: the digest of its modules and of the files that it shares with other environments (`parity`).
    """

    path: str
    needs: tuple[str, ...] = ()
    reading: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    excluded: str = ""
    artefact: str = ""


@dataclass(frozen=True)
class FoundEnvironment:
    """The units of an environment, below its `root`, which is relative to infrastructure/."""

    root: str
    units: tuple[FoundUnit, ...]


@dataclass(frozen=True)
class Record:
    """What Terragrunt found in each environment.

    Attributes:
        version: Terragrunt's version.
        environments: the units found, by environment.
        omitted: why Terragrunt was not run; empty if it was.
        without: the environments whose units are missing for that reason.
    """

    version: str
    environments: Mapping[str, FoundEnvironment]
    omitted: str = ""
    without: tuple[str, ...] = ()

    def at(self, source: str) -> FoundUnit | None:
        """Return the unit whose folder, relative to infrastructure/, is `source`; None if there is none."""
        every = ((f"{where.root}/{unit.path}", unit) for where in self.environments.values() for unit in where.units)
        return next((unit for folder, unit in every if folder == source), None)

    def same(self, environment: str, path: str) -> FoundUnit | None:
        """Return the unit at a path in an environment; None if there is none or it takes no part."""
        units = self.environments[environment].units if environment in self.environments else ()
        return next((unit for unit in units if unit.path == path and not unit.excluded), None)

    def sources_of(self, source: str) -> dict[str, str]:
        """Return the sources of all units with their folders, since a unit may need another's.

        The own sources of the unit at `source` come last and take precedence.
        """
        every = (unit for where in self.environments.values() for unit in where.units)
        unit = self.at(source)
        own = dict(unit.sources) if unit else {}
        others = {name: folder for each in every for name, folder in each.sources.items() if name not in own}
        return {**others, **own}

    @property
    def roots(self) -> tuple[str, ...]:
        """The folders of the environments, relative to infrastructure/."""
        return tuple(each.root for each in self.environments.values())


def encode(record: Record) -> bytes:
    """Return the bytes of the file; equal records give equal bytes."""
    return (json.dumps({"format": FORMAT, **asdict(record)}, indent=1, sort_keys=True) + "\n").encode()


def load(infrastructure: Path) -> Record | None:
    """Read the record of a release; None if there is none, as in a working tree."""
    file = infrastructure / FILE
    return _decoded(file.read_bytes()) if file.is_file() else None


@lru_cache(maxsize=8)
def _decoded(data: bytes) -> Record:
    found: Any = json.loads(data)
    if found.get("format") != FORMAT:
        raise InvalidInput(
            f"{FILE} has format {found.get('format')}, but this flowmart reads {FORMAT}; update flowmart"
        )
    environments = {name: _environment(each) for name, each in found["environments"].items()}
    return Record(found["version"], environments, found.get("omitted", ""), tuple(found.get("without", ())))


def _environment(found: Mapping[str, Any]) -> FoundEnvironment:
    units = (
        FoundUnit(**{**each, **{key: tuple(each[key]) for key in ("needs", "reading")}}) for each in found["units"]
    )
    return FoundEnvironment(found["root"], tuple(units))
