"""The real OpenTofu, built from source with Go; the one that the user has on PATH may be of another version.

make peers-opentofu
FLOWMART_TERRAFORM=$(python -m deployments.peers.opentofu) flowmart ...
"""

from __future__ import annotations

from pathlib import Path

from deployments.peers import golang
from deployments.peers.golang import MissingProgram, Program

__all__ = ["PROGRAM", "VERSION", "MissingProgram", "build", "found"]

VERSION = "1.12.6"
"""`go/opentofu/go.mod` has the same."""

_MODULE = "github.com/opentofu/opentofu"
PROGRAM = Program(
    "tofu",
    Path(__file__).with_name("go") / "opentofu",
    f"{_MODULE}/cmd/tofu",
    f"-X {_MODULE}/version.dev=no",
)


def found() -> Path | None:
    """Where it is, or None."""
    return PROGRAM.built if PROGRAM.built.is_file() else None


def build() -> Path:
    """Build it where it is missing: five minutes of CPU the first time, and 115 MB.

    Raises:
        MissingProgram: there is no Go, or the build fails.
    """
    return found() or golang.build(PROGRAM, "name an OpenTofu of your own by FLOWMART_TERRAFORM")
