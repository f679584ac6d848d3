"""Chooses the Terragrunt that the sandbox's profile names: the user's own, or the one that this repository builds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from deployments.peers import terragrunt
from tasks import manifest
from tasks.domain.platform import Platform
from tasks.engines.terragrunt.record import NO_TERRAGRUNT

VARIABLE = "FLOWMART_TERRAGRUNT"


def found() -> str:
    """Return the path of Terragrunt, or "" if none is installed."""
    return os.environ.get(VARIABLE) or str(terragrunt.PEER.found() or shutil.which("terragrunt") or "")


def missing() -> str:
    """Return a sentence that says why there is no Terragrunt and what to do; "" if there is one."""
    if found() not in ("", NO_TERRAGRUNT):
        return ""
    return "there is no Terragrunt, so releases are made without its units; make peers-terragrunt builds one"


def variables(infrastructure: Path, platform: Platform, *, wanted: bool) -> Mapping[str, str]:
    """Return the variable that names Terragrunt; empty if platform.yaml has no block for Terragrunt's units.

    Args:
        infrastructure: the folder of platform.yaml.
        platform: the platform.
        wanted: whether releases include those units; if not, the variable says that there is no Terragrunt.
    """
    if manifest.terragrunt_block(infrastructure, platform) is None:
        return {}
    return {VARIABLE: (found() if wanted else "") or NO_TERRAGRUNT}
