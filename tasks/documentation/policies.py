"""The policies that every plan is tested against: their names, and what their authors say of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path


@dataclass(frozen=True)
class Policy:
    """A policy's name, and the comment that its file begins with."""

    name: str
    about: str


def read(folder: Path) -> tuple[Policy, ...]:
    """The policies of a platform, by name; none where there is no such folder."""
    return tuple(Policy(path.stem, _about(path)) for path in sorted(folder.glob("*.rego")))


def _about(path: Path) -> str:
    lines = path.read_text(errors="replace").splitlines()
    comment = takewhile(lambda line: line.startswith("#"), lines)
    return " ".join(" ".join(line.lstrip("#") for line in comment).split())
