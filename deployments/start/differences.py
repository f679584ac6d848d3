"""What a repository has that its platform.yaml has not, and the other way round: what a second `init` tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deployments.start.guesses import TERRAGRUNT, Guessed, GuessedUnit
from deployments.start.instances import ENVIRONMENT
from tasks import manifest
from tasks.domain.platform import Platform, Unit


@dataclass(frozen=True)
class Differences:
    """Units that were found and are not declared, and texts about what is declared and was not found."""

    new: tuple[GuessedUnit, ...]
    gone: tuple[str, ...]
    environments: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """Each as a line."""
        new = (f"not in platform.yaml: {unit.engine} {unit.source}" for unit in self.new)
        more = (f"not in platform.yaml: the environment {name}" for name in self.environments)
        return (*new, *more, *self.gone)


def between(guessed: Guessed, platform: Platform, infrastructure: Path) -> Differences:
    """What differs between what was found and what is declared."""
    root = manifest.root(infrastructure, platform)
    declared = {place for unit in platform.units for place in _places(root, unit.source, unit.environments)}
    here = infrastructure.parent if guessed.paths else infrastructure
    roots = [unit for unit in guessed.units if unit.engine != TERRAGRUNT]
    new = tuple(unit for unit in roots if not _places(here, unit.source, unit.environments) <= declared)
    known = {each.name for each in platform.environments}
    more = tuple(each.name for each in guessed.environments if each.name not in known)
    return Differences(new, tuple(_gone(root, platform)), more)


def _places(root: Path, source: str, environments: tuple[str, ...]) -> set[Path]:
    return {(root / source.replace(ENVIRONMENT, name)).resolve() for name in environments}


def _gone(root: Path, platform: Platform) -> Iterator[str]:
    for unit in platform.units:
        missing = [name for name in unit.environments if not _is_there(root, platform, unit, name)]
        if missing:
            yield f"declared, and not there: {unit.source} of {unit.name} in {', '.join(missing)}"


def _is_there(root: Path, platform: Platform, unit: Unit, environment: str) -> bool:
    return (root / manifest.resolve(platform, environment, unit.name).source).is_dir()
