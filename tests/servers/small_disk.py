"""A disk of 64 KiB in a mount namespace of its own, for programs that a test starts on it; nobody else sees it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FILES = "test_full_disk.py"
NOT_RUN = f"not run: {FILES}, since no file system can be mounted here in a namespace (unshare, mount)"

_MOUNTED = 'mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"'
_SECONDS = 300


@cache
def possible() -> bool:
    """Whether this machine lets us mount one."""
    with tempfile.TemporaryDirectory() as place:
        try:
            return run(Path(place), ["true"]).returncode == 0
        except OSError:
            return False


def run(
    place: Path, command: list[str], variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program that sees the disk at `place`, which must be there; empty when it begins, gone when it ends."""
    alone = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _MOUNTED, str(place), *command]
    return subprocess.run(alone, env=variables, capture_output=True, text=True, timeout=_SECONDS)
