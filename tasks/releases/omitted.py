"""The units that a release was made without, kept as a file of the release.

Charts may be in a repository that cannot be asked where a release is made. A release that was made there is another
one than a release that has them, and whoever promotes it leaves the same units as they are.
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
"""Below infrastructure/."""

FORMAT = 1


@dataclass(frozen=True)
class Omitted:
    """What is left as it is: {environment: units, those that are needed first}, and `why`."""

    why: str = ""
    units: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def in_(self, environment: str) -> tuple[str, ...]:
        """The units of an environment."""
        return self.units.get(environment, ())


def write(infrastructure: Path, platform: Platform) -> None:
    """Write down which units need charts from elsewhere, and which need such a unit; nothing where none does."""
    root = manifest.root(infrastructure, platform)
    found = {each.name: _without_charts(root, platform, each.name) for each in platform.environments}
    units = {name: those for name, those in found.items() if those}
    if units:
        place = infrastructure / FILE
        place.parent.mkdir(parents=True, exist_ok=True)
        what = Omitted(f"FLOWMART_CHARTS={NO_CHARTS} when the release was made", units)
        place.write_text(json.dumps({"format": FORMAT, **asdict(what)}, indent=1, sort_keys=True) + "\n")


def load(infrastructure: Path) -> Omitted:
    """What a release was made without.

    Raises:
        InvalidInput: a newer flowmart wrote it.
    """
    file = infrastructure / FILE
    return decoded(file.read_bytes()) if file.is_file() else Omitted()


def decoded(data: bytes) -> Omitted:
    """The same, of the file's content."""
    found = json.loads(data)
    if found.get("format") != FORMAT:
        told = f"{FILE} has format {found.get('format')}, but this flowmart reads {FORMAT}"
        raise InvalidInput(f"{told}; update flowmart")
    return Omitted(found["why"], {name: tuple(units) for name, units in found["units"].items()})


def _without_charts(root: Path, platform: Platform, environment: str) -> tuple[str, ...]:
    """Units that cannot be applied: what they need has to be there first, whether they take its outputs or not."""
    names = [unit.name for unit in platform.units_in(environment)]
    units = {name: manifest.resolve(platform, environment, name) for name in names}
    found: list[str] = []
    for name in graph.order({name: unit.needs for name, unit in units.items()}):
        unit = units[name]
        if ENGINES[unit.engine].pulls(root, unit) or not {*found}.isdisjoint(unit.needs):
            found.append(name)
    return tuple(found)
