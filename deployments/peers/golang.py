"""Programs that are built from source with Go, once each.

A Go module pins what it builds by version and checksum. A built program is kept in a folder named after the digest of
its module, so nothing is built twice, and another version is never taken for this one. A build that was interrupted
goes on where it was: Go keeps what it has compiled.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


class MissingProgram(Exception):
    """A program is neither there nor built."""


@dataclass(frozen=True)
class Program:
    """One program: the folder of the Go module that builds it, the package to build, and what to link into it."""

    name: str
    module: Path
    package: str
    link: str = ""

    @property
    def built(self) -> Path:
        """Where it is once it is built."""
        pinned = b"".join((self.module / name).read_bytes() for name in ("go.mod", "go.sum")) + self.link.encode()
        return cache() / f"{self.module.name}-{hashlib.sha256(pinned).hexdigest()[:12]}" / self.name

    @property
    def found(self) -> Path | None:
        """Where it is, or None."""
        return built if (built := self.built).is_file() else None


def build(program: Program, otherwise: str) -> Path:
    """Build a program.

    Args:
        program: what to build.
        otherwise: what to do where there is no Go.

    Raises:
        MissingProgram: there is no Go, or the build fails.
    """
    go, path = shutil.which("go"), program.built
    if go is None:
        raise MissingProgram(f"there is no go on PATH to build {program.name} with: install Go, or {otherwise}")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Elsewhere first: whoever looks for the program must never find half of it.
    unfinished = path.with_suffix(".unfinished")
    argv = [go, "build", "-ldflags", f"-s -w {program.link}".strip(), "-o", str(unfinished), program.package]
    finished = subprocess.run(argv, cwd=program.module, stderr=subprocess.PIPE, text=True)
    if finished.returncode != 0:
        raise MissingProgram(f"go build {program.package}: {finished.stderr.strip()[-2000:]}")
    return unfinished.rename(path)


def cache() -> Path:
    """The folder of what was built."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flowmart/peers"
