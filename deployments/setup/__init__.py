"""Set-up of a fresh clone: a virtual environment, the Python packages, and the tools.

The Makefile runs `install.sh`, because no suitable Python may be installed yet; the rest is Python.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path


def put_tools_on_path(environ: MutableMapping[str, str] = os.environ) -> None:
    """Put the virtual environment first on PATH, so that the tools which the set-up installed are found."""
    folder, path = str(Path(sys.executable).parent), environ.get("PATH", os.defpath)
    if path.split(os.pathsep)[0] != folder:
        environ["PATH"] = os.pathsep.join([folder, path])
