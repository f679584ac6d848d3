"""Programs built from source with Go, once each.

A Go module pins what it builds by version and checksum. A built program is kept in a folder named after the digest of
its module. So nothing is built twice, and versions are never confused. An interrupted build resumes, because Go keeps
what it has compiled.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


class MissingProgram(Exception):
    """A program is missing, and was not or could not be built."""


@dataclass(frozen=True)
class Program:
    """One program: the folder of the Go module that builds it, the package to build, and its linker flags."""

    name: str
    module: Path
    package: str
    link: str = ""

    @property
    def built(self) -> Path:
        """Return the program's path after it is built."""
        pinned = b"".join((self.module / name).read_bytes() for name in ("go.mod", "go.sum")) + self.link.encode()
        return cache() / f"{self.module.name}-{hashlib.sha256(pinned).hexdigest()[:12]}" / self.name

    @property
    def found(self) -> Path | None:
        """Return the program's path, or None if it is not built."""
        return built if (built := self.built).is_file() else None


def build(program: Program, otherwise: str) -> Path:
    """Build a program and return its path.

    Args:
        program: The program to build.
        otherwise: What users without Go should do, for the message.

    Raises:
        MissingProgram: Go is missing, or the build fails.
    """
    go, path = shutil.which("go"), program.built
    if go is None:
        raise MissingProgram(f"there is no go on PATH to build {program.name} with: install Go, or {otherwise}")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Build elsewhere first, so that the path never has an incomplete program.
    unfinished = path.with_suffix(".unfinished")
    argv = [go, "build", "-ldflags", f"-s -w {program.link}".strip(), "-o", str(unfinished), program.package]
    finished = subprocess.run(argv, cwd=program.module, stderr=subprocess.PIPE, text=True)
    if finished.returncode != 0:
        raise MissingProgram(f"go build {program.package}: {finished.stderr.strip()[-2000:]}")
    return unfinished.rename(path)


def cache() -> Path:
    """Return the folder of built programs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flowmart/peers"
