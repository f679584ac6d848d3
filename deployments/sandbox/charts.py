"""Whether the releases of a sandbox have charts from elsewhere. It needs no network, so only where the user says from
where."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tasks import manifest
from tasks.domain.platform import Platform
from tasks.engines import ENGINES
from tasks.settings import NO_CHARTS

VARIABLE = "FLOWMART_CHARTS"


def missing() -> str:
    """Why there are none here and what to do, as a sentence; "" if there are."""
    if os.environ.get(VARIABLE, NO_CHARTS) != NO_CHARTS:
        return ""
    return f"{VARIABLE} names no chart repository, so releases are made without the units that need one"


def variables(infrastructure: Path, platform: Platform) -> Mapping[str, str]:
    """The variable that names their repository, or says that there is none, where a unit needs one."""
    if not _wanted(infrastructure, platform):
        return {}
    return {VARIABLE: os.environ.get(VARIABLE) or NO_CHARTS}


def _wanted(infrastructure: Path, platform: Platform) -> bool:
    root = manifest.root(infrastructure, platform)
    return any(
        ENGINES[unit.engine].pulls(root, manifest.resolve(platform, environment.name, unit.name))
        for environment in platform.environments
        for unit in platform.units_in(environment.name)
    )
