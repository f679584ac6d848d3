"""Finds the folders that a release must contain for its units: their code, modules and files of values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tasks.domain.platform import Unit
from tasks.engines import ENGINES

FOLDER = "infrastructure"
"""The folder that every release contains."""
_OF_GIT = ".git"


def paths(root: Path, units: Iterable[Unit]) -> tuple[str, ...]:
    """Return the `paths` of platform.yaml: the top-level folders of all that units read; "." for the repository."""
    found = {place for unit in units for place in _tops(root, unit)}
    return (".",) if "." in found else tuple(sorted(found - {FOLDER}))


def _tops(root: Path, unit: Unit) -> Iterator[str]:
    engine = ENGINES[unit.engine]
    files = [Path(file) for file in (*engine.reads(root, unit.source), *_named(root, unit))]
    if any(file.parts[0] == _OF_GIT for file in files):
        # It may read anything; only its own folder and the files in its options are certain.
        files = [Path(unit.source) / "x", *map(Path, _named(root, unit))]
    yield from ("." if len(file.parts) == 1 else file.parts[0] for file in files)


def _named(root: Path, unit: Unit) -> tuple[str, ...]:
    return tuple(ENGINES[unit.engine].unit_reads(root, unit))
