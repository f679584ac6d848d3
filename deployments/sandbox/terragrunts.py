"""Which Terragrunt the sandbox's profile names: the user's own, or the one that this repository builds."""

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
    """Its path; "" where there is none."""
    return os.environ.get(VARIABLE) or str(terragrunt.PEER.found() or shutil.which("terragrunt") or "")


def missing() -> str:
    """Why there is none here and what to do, as a sentence; "" if there is one."""
    if found() not in ("", NO_TERRAGRUNT):
        return ""
    return "there is no Terragrunt, so releases are made without its units; make peers-terragrunt builds one"


def variables(infrastructure: Path, platform: Platform, *, wanted: bool) -> Mapping[str, str]:
    """The variable that names it, where platform.yaml has a block for its units; `wanted`: else they are left out."""
    if manifest.terragrunt_block(infrastructure, platform) is None:
        return {}
    return {VARIABLE: (found() if wanted else "") or NO_TERRAGRUNT}
