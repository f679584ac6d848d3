"""Reads the policies that every plan is tested against: their names, and their authors' descriptions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path


@dataclass(frozen=True)
class Policy:
    """A policy's name, and the comment at the beginning of its file."""

    name: str
    about: str


def read(folder: Path) -> tuple[Policy, ...]:
    """Return the policies of a platform, sorted by name; empty if the folder does not exist."""
    return tuple(Policy(path.stem, _about(path)) for path in sorted(folder.glob("*.rego")))


def _about(path: Path) -> str:
    lines = path.read_text(errors="replace").splitlines()
    comment = takewhile(lambda line: line.startswith("#"), lines)
    return " ".join(" ".join(line.lstrip("#") for line in comment).split())
