"""Finds the units that only releases list.

Terragrunt finds them when a release is made, and a working tree has no list.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tasks import manifest
from tasks.domain.errors import FlowmartError
from tasks.domain.platform import Platform, Unit
from tasks.ledger.history import History


def with_found_units(platform: Platform, infrastructure: Path, history: History) -> Platform:
    """Add the Terragrunt units of each environment's current release to a working tree's platform."""
    if not (infrastructure / manifest.FILE).is_file() or not manifest.terragrunt_block(infrastructure, platform):
        return platform
    places: dict[str, list[str]] = {}
    for environment in platform.environments:
        # Other reports show an environment without a release, or with a damaged one.
        with suppress(FlowmartError):
            for name in history.release(history.current_release(environment.name)).units:
                where, _, unit = name.partition("/")
                if where == environment.name:
                    places.setdefault(unit, []).append(where)
    known = {unit.name for unit in platform.units}
    found = (Unit(name, "terragrunt", "", tuple(where)) for name, where in places.items() if name not in known)
    return replace(platform, units=(*platform.units, *found))
