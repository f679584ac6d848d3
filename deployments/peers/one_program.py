"""A peer that is one program: `build` it, or say where it is."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deployments.peers import golang
from deployments.peers.golang import MissingProgram, Program


class Buildable(Protocol):
    """What can be built, or found."""

    @property
    def name(self) -> str:
        """What people call it."""

    def found(self) -> Path | None:
        """Where it is, or None."""

    def build(self) -> Path:
        """Build it where it is missing; `MissingProgram` if it cannot be."""


@dataclass(frozen=True)
class Peer:
    """One program, and its name for people; `otherwise`: what to do where there is no Go."""

    name: str
    program: Program
    otherwise: str

    def found(self) -> Path | None:
        """Where it is, or None."""
        return self.program.found

    def build(self) -> Path:
        """Build it where it is missing: minutes of CPU the first time.

        Raises:
            MissingProgram: there is no Go, or the build fails.
        """
        return self.found() or golang.build(self.program, self.otherwise)

    def main(self, arguments: list[str]) -> int:
        """The exit code of `main` for this program."""
        return main(self, arguments)


def main(peer: Buildable, arguments: list[str]) -> int:
    """Build a peer, or without arguments say where it is.

    Returns:
        The exit code: 0, 1 when it is missing or cannot be built, 2 for wrong arguments.
    """
    module = peer.name.lower()
    if arguments not in ([], ["build"]):
        print(f"usage: python -m deployments.peers.{module} [build]", file=sys.stderr)
        return 2
    try:
        path = peer.build() if arguments else peer.found()
    except MissingProgram as error:
        print(error, file=sys.stderr)
        return 1
    told = path or f"there is no {peer.name}: run make peers-{module}"
    print(told, file=sys.stdout if path else sys.stderr)
    return 0 if path else 1
