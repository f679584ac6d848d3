"""Set-up of a fresh clone: a virtual environment, what the product needs in it, and a `terraform`.

`install.sh` is what the Makefile runs, before there is any Python to rely on; the rest is Python.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path


def put_tools_on_path(environ: MutableMapping[str, str] = os.environ) -> None:
    """Let programs of our virtual environment, such as a `terraform` that the set-up provided, be found first."""
    ours, path = str(Path(sys.executable).parent), environ.get("PATH", os.defpath)
    if path.split(os.pathsep)[0] != ours:
        environ["PATH"] = os.pathsep.join([ours, path])
