"""Decides whether releases in a sandbox include units whose Helm charts come from a chart repository.

The sandbox needs no network. So it uses such charts only if the user names a repository in FLOWMART_CHARTS.
"""

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
    """Return a sentence that says why no chart repository is used and what follows; "" if the user has named one."""
    if os.environ.get(VARIABLE, NO_CHARTS) != NO_CHARTS:
        return ""
    return f"{VARIABLE} names no chart repository, so releases are made without the units that need one"


def variables(infrastructure: Path, platform: Platform) -> Mapping[str, str]:
    """Return the variable that names the chart repository, or says that there is none; empty if no unit needs one."""
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
