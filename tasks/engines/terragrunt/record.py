"""What was found in a Terragrunt repository, kept as a file of the release.

The units of a release, their edges and what they read must be known wherever the release is: on a server, in a
status, years later. So Terragrunt is asked once, when the release is made.
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
"""Below infrastructure/: what a release holds besides the files of its commit."""

FILE = f"{FOLDER}/units.json"
FORMAT = 1
NO_TERRAGRUNT = "none"
"""The value of FLOWMART_TERRAGRUNT where there is none: releases are made without the units that it would find."""


@dataclass(frozen=True)
class FoundUnit:
    """One Terragrunt unit of one environment.

    Attributes:
        path: its folder, relative to the environment's root.
        needs: the paths of the units that must come before it, of the same environment.
        reading: files that its configuration reads, relative to infrastructure/.
        sources: where its modules come from, as written -> the folder below infrastructure/ with their content, for
            those that are not files of the commit.
        excluded: why it takes no part; empty for a unit that does.
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
    """What Terragrunt of a version found in each environment; or why nobody looked, and the environments without."""

    version: str
    environments: Mapping[str, FoundEnvironment]
    omitted: str = ""
    without: tuple[str, ...] = ()

    def at(self, source: str) -> FoundUnit | None:
        """The unit whose folder, relative to infrastructure/, is `source`."""
        every = ((f"{where.root}/{unit.path}", unit) for where in self.environments.values() for unit in where.units)
        return next((unit for folder, unit in every if folder == source), None)

    def same(self, environment: str, path: str) -> FoundUnit | None:
        """The unit at a path in an environment, if it takes part there."""
        units = self.environments[environment].units if environment in self.environments else ()
        return next((unit for unit in units if unit.path == path and not unit.excluded), None)

    def sources_of(self, source: str) -> dict[str, str]:
        """The sources of all units with their folders, those of the unit at `source` last: one may need another's."""
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
    """The file's bytes, the same for the same record."""
    return (json.dumps({"format": FORMAT, **asdict(record)}, indent=1, sort_keys=True) + "\n").encode()


def load(infrastructure: Path) -> Record | None:
    """The record of a release; None where there is none, as in a working tree."""
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
