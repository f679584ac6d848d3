"""Compares a repository with its platform.yaml, for a second `init`: what exists but is not declared.

The reverse, a declared source that does not exist, is an error already when platform.yaml is read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from deployments.start.guessed import TERRAGRUNT, Guessed, GuessedUnit
from deployments.start.instances import ENVIRONMENT
from tasks import manifest
from tasks.domain.platform import Platform


@dataclass(frozen=True)
class Differences:
    """Units and environments that were found but are not declared."""

    new: tuple[GuessedUnit, ...]
    environments: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """One line per difference."""
        new = (f"not in platform.yaml: {unit.engine} {unit.source}" for unit in self.new)
        more = (f"not in platform.yaml: the environment {name}" for name in self.environments)
        return (*new, *more)


def between(guessed: Guessed, platform: Platform, infrastructure: Path) -> Differences:
    """Compare what was found with what is declared.

    Args:
        guessed: the proposal made from the repository.
        platform: the declared platform.
        infrastructure: the folder of platform.yaml.
    """
    root = manifest.root(infrastructure, platform)
    here = infrastructure.parent if guessed.paths else infrastructure
    declared = Counter(place for unit in platform.units for place in _places(root, unit.source, unit.environments))
    roots = [unit for unit in guessed.units if unit.engine != TERRAGRUNT]
    found = Counter(place for unit in roots for place in _places(here, unit.source, unit.environments))
    names = {unit.name for unit in platform.units}

    def is_new(unit: GuessedUnit) -> bool:
        """Tell whether its folder has no unit, or fewer than were found there and none of its name."""
        places = _places(here, unit.source, unit.environments)
        missing = [place for place in places if found[place] > declared[place]]
        return any(not declared[place] for place in missing) or (bool(missing) and unit.name not in names)

    known = {each.name for each in platform.environments}
    more = tuple(each.name for each in guessed.environments if each.name not in known)
    return Differences(tuple(filter(is_new, roots)), more)


def _places(root: Path, source: str, environments: tuple[str, ...]) -> set[Path]:
    return {(root / source.replace(ENVIRONMENT, name)).resolve() for name in environments}
