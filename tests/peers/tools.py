"""The command-line tools that tests run for real: those that the set-up put beside the interpreter, else on PATH."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def tool(name: str) -> str:
    """The path of `helm`, `helm3` or `kubectl`."""
    found = shutil.which(name, path=os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ.get("PATH", "")]))
    assert found, f"there is no {name}: the set-up (any make command) installs it"
    return found
