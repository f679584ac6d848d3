"""Finds the accounts, regions and clusters of environments and units, as far as files name them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from deployments.start.guessed import Guess, GuessedEnvironment, GuessedUnit
from deployments.start.instances import ENVIRONMENT
from tasks.engines import ENGINES
from tasks.engines.terraform import code

_ACCOUNT = re.compile(r"(?<![\d.])\d{12}(?![\d.])")
_REGION = re.compile(r"\b(?:us|eu|ap|sa|ca|me|af|il)-[a-z]+-\d\b")
_ON_CLUSTERS = ("helm", "kustomize")
NO_ACCOUNT, NO_REGION = "000000000000", "us-east-1"


def environments(
    infrastructure: Path, names: Mapping[str, str], units: Sequence[GuessedUnit]
) -> Iterator[GuessedEnvironment]:
    """Yield the environments that have units, with what is needed to access each.

    Args:
        infrastructure: the folder that sources are relative to.
        names: {environment: why it is considered one}, in promotion order.
        units: all units.
    """
    before = ""
    for name, why in names.items():
        here = [unit for unit in units if name in unit.environments]
        if not here:
            continue
        needs_aws = any(_needs_aws(infrastructure, unit, name) for unit in here)
        texts = _texts(infrastructure, here, name) if needs_aws else {}
        account = _spotted(_ACCOUNT, texts, NO_ACCOUNT, "no account was found: write its 12 digits")
        code = {**texts, **_code(infrastructure, here, name)} if needs_aws else {}
        region = _spotted(_REGION, code, NO_REGION, "no region was found: write the one that is used")
        on_cluster = any(unit.engine in _ON_CLUSTERS for unit in here)
        yield GuessedEnvironment(
            name, before, account if needs_aws else None, region if needs_aws else None, on_cluster, why
        )
        before = name


def _needs_aws(infrastructure: Path, unit: GuessedUnit, environment: str) -> bool:
    return ENGINES[unit.engine].needs_aws(infrastructure, unit.source.replace(ENVIRONMENT, environment))


def _texts(infrastructure: Path, units: Sequence[GuessedUnit], environment: str) -> Mapping[str, str]:
    """Return the files that belong to this environment alone, by path; their contents do not apply to others."""
    found = {}
    for unit in units:
        folder = infrastructure / unit.source.replace(ENVIRONMENT, environment)
        own = folder.rglob("*") if ENVIRONMENT in unit.source else folder.glob(f"*/{environment}.yaml")
        for file in sorted((*own, *_own_files(folder, unit, environment))):
            if _is_text(file):
                path = os.path.relpath(file, infrastructure)
                found[path] = file.read_text(errors="replace")
    return found


def _code(infrastructure: Path, units: Sequence[GuessedUnit], environment: str) -> Mapping[str, str]:
    """Return the code of units, by path: a region in it applies to all their environments."""
    folders = {infrastructure / unit.source.replace(ENVIRONMENT, environment) for unit in units}
    files = (file for folder in sorted(folders) for file in code.files(folder))
    return {file.relative_to(infrastructure).as_posix(): file.read_text(errors="replace") for file in files}


def _own_files(folder: Path, unit: GuessedUnit, environment: str) -> Iterator[Path]:
    """Yield the files that a unit's options name for one environment."""
    entries = [*unit.options.get("var_files", ()), *unit.options.get("backend_config", ())]
    named = [entry.get("path", "") if "optional" in entry else entry for entry in entries]
    for path in (each for each in named if isinstance(each, str)):
        if ENVIRONMENT in path or ENVIRONMENT in unit.source:
            yield from folder.glob(path.replace(ENVIRONMENT, environment)) if ".." not in path else ()
            yield from (each for each in [folder / path.replace(ENVIRONMENT, environment)] if each.is_file())


def _is_text(file: Path) -> bool:
    endings = (".tf", ".tofu", ".tfvars", ".hcl", ".yaml", ".yml", ".json", ".backend", ".tfbackend")
    return file.name.endswith(endings) and file.is_file()


def _spotted(pattern: re.Pattern[str], texts: Mapping[str, str], otherwise: str, why: str) -> Guess:
    for path, text in texts.items():
        if found := pattern.search(text):
            return Guess(found[0], f"found in {path}")
    return Guess(otherwise, why)


def in_regions(units: Sequence[GuessedUnit]) -> list[GuessedUnit]:
    """Return the units with the region in their path, if units of the platform are in several regions."""
    regions = {unit.name: found[0] for unit in units if (found := _REGION.search(f"{unit.source} {unit.name}"))}
    if len({*regions.values()}) < 2:
        return [*units]
    return [replace(unit, region=regions.get(unit.name, "")) for unit in units]
