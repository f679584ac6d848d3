"""What a saved plan says of the state that it was made from, read from the file itself: no process has to ask.

Source: Terraform's `internal/plans/planfile`: a zip that holds the state before the refresh (`tfstate-prev`), and the
one after it (`tfstate`) under the lineage and serial that the backend had. Terraform holds a plan against these
before it applies it. The format is Terraform's own affair, and OpenTofu may encrypt the file: so whoever reads asks
the tool where this finds nothing.
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
    """The state that a plan was made from, empty when there was none; None when the file does not tell."""
    try:
        with ZipFile(file) as plan:
            before, refreshed = (json.loads(plan.read(name)) for name in (_BEFORE, _REFRESHED))
    except (OSError, BadZipFile, KeyError, ValueError):
        return None
    if refreshed.get("lineage"):
        return {**before, "lineage": refreshed["lineage"], "serial": refreshed["serial"]}
    # A state without a lineage, which the tool gives one when it is written the next time.
    return None if written(before) else {}
