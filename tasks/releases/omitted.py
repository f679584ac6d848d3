"""Records the units that a release was made without, in a file of the release.

A chart repository may not be reachable where a release is made. A release made without its charts differs from one
that has them. Every promotion of it leaves the same units unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tasks import manifest
from tasks.domain import graph
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Platform
from tasks.engines import ENGINES
from tasks.settings import NO_CHARTS

FILE = ".flowmart/omitted.json"
"""Relative to infrastructure/."""

FORMAT = 1


@dataclass(frozen=True)
class Omitted:
    """The units that stay unchanged: {environment: units in dependency order}, and the reason `why`."""

    why: str = ""
    units: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def in_(self, environment: str) -> tuple[str, ...]:
        """Return the omitted units of an environment."""
        return self.units.get(environment, ())


def write(infrastructure: Path, platform: Platform) -> None:
    """Write the units that need external charts, and those that need such a unit. Without any, write no file."""
    root = manifest.root(infrastructure, platform)
    found = {each.name: _without_charts(root, platform, each.name) for each in platform.environments}
    units = {name: those for name, those in found.items() if those}
    if units:
        place = infrastructure / FILE
        place.parent.mkdir(parents=True, exist_ok=True)
        what = Omitted(f"FLOWMART_CHARTS={NO_CHARTS} when the release was made", units)
        place.write_text(json.dumps({"format": FORMAT, **asdict(what)}, indent=1, sort_keys=True) + "\n")


def load(infrastructure: Path) -> Omitted:
    """Return the units that a release was made without.

    Raises:
        InvalidInput: another version of flowmart wrote the file in a format that this one does not read.
    """
    file = infrastructure / FILE
    return decoded(file.read_bytes()) if file.is_file() else Omitted()


def decoded(data: bytes) -> Omitted:
    """Return the same as `load`, given the file's content."""
    found = json.loads(data)
    if found.get("format") != FORMAT:
        wrong = f"{FILE} has format {found.get('format')}, but this flowmart reads {FORMAT}"
        raise InvalidInput(f"{wrong}; update flowmart")
    return Omitted(found["why"], {name: tuple(units) for name, units in found["units"].items()})


def _without_charts(root: Path, platform: Platform, environment: str) -> tuple[str, ...]:
    """Return units that cannot be applied. A unit that needs one of them is included, even if it uses no outputs."""
    names = [unit.name for unit in platform.units_in(environment)]
    units = {name: manifest.resolve(platform, environment, name) for name in names}
    found: list[str] = []
    for name in graph.order({name: unit.needs for name, unit in units.items()}):
        unit = units[name]
        if ENGINES[unit.engine].pulls(root, unit) or not {*found}.isdisjoint(unit.needs):
            found.append(name)
    return tuple(found)
