"""Read from a saved plan file the state that it was made from, without running a process.

Source: Terraform's `internal/plans/planfile`: a zip with the state before the refresh (`tfstate-prev`) and after it
(`tfstate`), the latter with the backend's lineage and serial. Terraform compares them with the backend before it
applies the plan. The format is internal to Terraform, and OpenTofu may encrypt the file. So callers must ask the tool
if this returns None.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from tasks.engines.terraform.answers import written

_BEFORE, _REFRESHED = "tfstate-prev", "tfstate"


def state_behind(file: Path) -> Mapping[str, Any] | None:
    """Return the state that a plan was made from; empty if there was none; None if the file cannot be read."""
    try:
        with ZipFile(file) as plan:
            before, refreshed = (json.loads(plan.read(name)) for name in (_BEFORE, _REFRESHED))
    except (OSError, BadZipFile, KeyError, ValueError):
        return None
    if refreshed.get("lineage"):
        return {**before, "lineage": refreshed["lineage"], "serial": refreshed["serial"]}
    # A state may lack a lineage: the tool adds one with its next write.
    return None if written(before) else {}
