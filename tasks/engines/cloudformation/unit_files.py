"""Find the files beside a template that a unit names, or that count for an environment without being named."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

_ENDINGS = (".yaml", ".yml", ".json")


def usual(folder: Path, environment: str = "*") -> list[Path]:
    """Return the files in `folder` that count without being named: the first for one environment, or all of them."""
    found = [file for ending in _ENDINGS for file in sorted(folder.glob(f"{environment}{ending}"))]
    return found if environment == "*" else found[:1]


def named(folder: Path, paths: Iterable[str]) -> tuple[Path, ...]:
    """Return the files at paths from the unit's source folder, in order."""
    return tuple(Path(os.path.normpath(folder.resolve() / path)) for path in paths)


def faults(root: Path, files: Iterable[Path], key: str) -> Iterator[str]:
    """Yield the named files that do not exist or are outside of the release.

    Args:
        root: the folder that sources are relative to, resolved.
        files: the files that a unit names.
        key: the option that names them.
    """
    for file in files:
        if not file.is_relative_to(root):
            yield f"{key}: {file.name} leads out of infrastructure/: move it there"
        elif not file.is_file():
            yield f"{key}: there is no {file.relative_to(root)}; it is a path from the source's folder"
