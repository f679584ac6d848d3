"""A peer that consists of one program: `build` it, or print its path."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deployments.peers import golang
from deployments.peers.golang import MissingProgram, Program


class Buildable(Protocol):
    """A peer that can be built."""

    @property
    def name(self) -> str:
        """Return the peer's name for people."""

    def found(self) -> Path | None:
        """Return the peer's path, or None if it is missing."""

    def build(self) -> Path:
        """Build the peer if it is missing. Raise `MissingProgram` if that fails."""


@dataclass(frozen=True)
class Peer:
    """One program and its name. `otherwise` says what users without Go should do."""

    name: str
    program: Program
    otherwise: str

    def found(self) -> Path | None:
        """Return the program's path, or None if it is missing."""
        return self.program.found

    def build(self) -> Path:
        """Build the program if it is missing, and return its path. The first build takes minutes of CPU.

        Raises:
            MissingProgram: Go is missing, or the build fails.
        """
        return self.found() or golang.build(self.program, self.otherwise)

    def main(self, arguments: list[str]) -> int:
        """Run `main` for this program and return its exit code."""
        return main(self, arguments)


def main(peer: Buildable, arguments: list[str]) -> int:
    """Build a peer, or print its path if there are no arguments.

    Returns:
        The exit code: 0; 1 if the peer is missing or the build fails; 2 for wrong arguments.
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
    message = path or f"there is no {peer.name}: run make peers-{module}"
    print(message, file=sys.stdout if path else sys.stderr)
    return 0 if path else 1
