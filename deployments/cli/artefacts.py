"""Compares the modules and shared files of Terragrunt units in two environments.

Files that belong to one environment are ignored. One release can hold different modules for its environments, for
example a `ref` that was changed in one folder only.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tasks import manifest
from tasks.engines.terragrunt import parity, record
from tasks.engines.terragrunt.parity import Artefact
from tasks.ledger.history import History
from tasks.releases.contents import File
from tasks.run_folder import run_folder

Applied = Mapping[str, str]
"""{unit: the release applied to it}."""


def unlike(history: History, one: tuple[str, Applied], other: tuple[str, Applied]) -> dict[str, list[str]]:
    """Return the modules and shared files that differ, for the units of two environments.

    Args:
        history: reads the releases.
        one: an environment's name, and what is applied there.
        other: the same of another environment.

    Returns:
        {unit: sources of modules, and paths of files below infrastructure/}.
    """
    here, there = _artefacts(history, *one), _artefacts(history, *other)
    found = {unit: here[unit].unlike(there[unit]) for unit in sorted(here.keys() & there.keys())}
    return {unit: list(names) for unit, names in found.items() if names}


def _artefacts(history: History, environment: str, applied: Applied) -> dict[str, Artefact]:
    """Return {unit: its modules and files} for an environment's Terragrunt units."""
    found: dict[str, Artefact] = {}
    for release in sorted({*applied.values()}):
        files = history.releases.files(release)
        if _has_terragrunt(files):
            with run_folder("compared") as folder:
                infrastructure = history.releases.checkout(release, folder)
                found |= _of_release(infrastructure, environment, [u for u, at in applied.items() if at == release])
    return found


def _has_terragrunt(files: tuple[File, ...]) -> bool:
    return any(file.path == record.FILE for file in files)


def _of_release(infrastructure: Path, environment: str, units: list[str]) -> dict[str, Artefact]:
    platform, found = manifest.load(infrastructure), record.load(infrastructure)
    declared = {unit.name for unit in platform.units_in(environment)}
    resolved = [manifest.resolve(platform, environment, unit) for unit in units if unit in declared]
    at = {unit.name: found.at(unit.source) for unit in resolved if unit.engine == "terragrunt"} if found else {}
    return {
        name: parity.artefact(infrastructure, found, environment, unit) for name, unit in at.items() if found and unit
    }
