"""Handles `paths` of platform.yaml: what is released besides infrastructure/.

With `paths`, the sources of units are relative to the repository.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from tasks import yaml12
from tasks.bounds import TooLarge
from tasks.domain.platform import Platform
from tasks.manifest.mistakes import Mistake, shown

KEY = "paths"


def declared(data: Any) -> tuple[str, ...]:
    """Return the paths of a platform.yaml in normal spelling. Entries that are not text are ignored."""
    found = data.get(KEY) if isinstance(data, Mapping) else None
    entries = found if isinstance(found, list | tuple) else ()
    return tuple(dict.fromkeys(str(PurePosixPath(each)) for each in entries if isinstance(each, str) and each))


def declared_in(text: str, folder: str) -> tuple[str, ...]:
    """Return the valid paths in the text of a platform.yaml in `folder`. `load` rejects the invalid ones."""
    try:
        found = declared(yaml12.load(text))
    except (yaml.YAMLError, TooLarge):
        return ()
    return tuple(path for path in found if not _misnamed(path, folder))


def root(infrastructure: Path, platform: Platform) -> Path:
    """Return the folder that units' sources are relative to: infrastructure/, or its parent if there are `paths`."""
    return infrastructure.parent if platform.paths else infrastructure


def is_released(path: str, folder: str, paths: Collection[str]) -> bool:
    """Tell whether a path of the repository is in its releases, or contains something that is."""
    return any(_overlap(PurePosixPath(path), PurePosixPath(each)) for each in (folder, *paths))


def mistakes(infrastructure: Path, data: Any) -> Iterator[Mistake]:
    """Report the mistakes in the paths of a platform.yaml, including paths that do not exist."""
    if declared(data) and data.get("terragrunt") is not None:
        yield Mistake((KEY,), "cannot stand beside `terragrunt`, whose root is below infrastructure/: leave one out")
    for path in declared(data):
        if fault := _fault(infrastructure, path):
            yield Mistake((KEY,), fault)


def _fault(infrastructure: Path, path: str) -> str:
    if fault := _misnamed(path, infrastructure.name):
        return fault
    around = infrastructure.resolve().parent
    place = around / path
    if not place.resolve().is_relative_to(around):
        return f"{path} is a symlink that leads out of the repository: put the files themselves there"
    return "" if place.exists() else f"there is no {path} in the repository: correct the path, or commit it"


def _misnamed(path: str, folder: str) -> str:
    parts = PurePosixPath(path).parts
    if PurePosixPath(path).is_absolute() or ".." in parts:
        return f"{shown(path)} is not in the repository: name a folder or file of it, relative to its top"
    if parts[:1] == (folder,):
        return f"{path} is below {folder}/, which releases consist of anyhow: leave it out"
    return ""


def _overlap(one: PurePosixPath, other: PurePosixPath) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)
