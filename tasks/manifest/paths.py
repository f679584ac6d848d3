"""`paths` of platform.yaml: what is released besides infrastructure/; sources are relative to the repository then."""

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
    """The paths that a platform.yaml names, in one spelling each; none of an entry that is not a text."""
    found = data.get(KEY) if isinstance(data, Mapping) else None
    entries = found if isinstance(found, list | tuple) else ()
    return tuple(dict.fromkeys(str(PurePosixPath(each)) for each in entries if isinstance(each, str) and each))


def declared_in(text: str, folder: str) -> tuple[str, ...]:
    """The paths in the text of a platform.yaml in `folder`; without what cannot be right, which `load` refuses."""
    try:
        found = declared(yaml12.load(text))
    except (yaml.YAMLError, TooLarge):
        return ()
    return tuple(path for path in found if not _misnamed(path, folder))


def root(infrastructure: Path, platform: Platform) -> Path:
    """The folder that the sources of units are relative to: infrastructure/, or with paths what is around it."""
    return infrastructure.parent if platform.paths else infrastructure


def is_released(path: str, folder: str, paths: Collection[str]) -> bool:
    """Whether a path of the repository is in its releases, or holds something that is."""
    return any(_overlap(PurePosixPath(path), PurePosixPath(each)) for each in (folder, *paths))


def mistakes(infrastructure: Path, data: Any) -> Iterator[Mistake]:
    """What is wrong with the paths of a platform.yaml, given what is there."""
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
