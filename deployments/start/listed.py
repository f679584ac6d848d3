"""A Terraform root as a list in the repository has it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any


@dataclass(frozen=True)
class Listed:
    """One root, as a list has it; paths are relative to the repository, those of files to the root's folder.

    Attributes:
        file: the list.
        name: what the list calls it.
        after: the names of those before it.
        group: those of lower numbers come first.
        steps: commands that the list runs, which FlowMart does not.
        notes: what a person has to look at.
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
        """What may name its environment, the surest first."""
        return self.workspace, self.name, *self.var_files, *map(str, self.backend_config)
