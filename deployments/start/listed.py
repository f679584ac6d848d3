"""A Terraform root as a list in the repository declares it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any


@dataclass(frozen=True)
class Listed:
    """One root in a list. Paths are relative to the repository, those of files to the root's folder.

    Attributes:
        file: the list.
        name: its name in the list.
        after: the names of those before it.
        group: its place in the execution order; lower numbers come first.
        steps: commands that the list runs and FlowMart does not.
        notes: what a person must check.
    """

    file: str
    folder: PurePosixPath
    name: str = ""
    workspace: str = ""
    after: tuple[str, ...] = ()
    group: int = 0
    binary: str = ""
    version: str = ""
    reads: tuple[str, ...] = ()
    var_files: tuple[str, ...] = ()
    backend_config: tuple[str | Mapping[str, Any], ...] = ()
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Texts that may name its environment, most reliable first."""
        return self.workspace, self.name, *self.var_files, *map(str, self.backend_config)
