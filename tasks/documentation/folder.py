"""Writes pages to a folder, and removes pages that it wrote before and that are no longer wanted.

A list beside the pages names the files that this module wrote. It leaves all other files unchanged, so a catalogue
that people write by hand can contain these pages.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tasks.domain.errors import InvalidInput

LIST = ".flowmart-docs.json"
"""The file with the names of the files that were written here."""


@dataclass(frozen=True)
class Page:
    """One file: its text, and whether it gives way to an existing file that this module did not write."""

    text: str
    yields: bool = False


@dataclass(frozen=True)
class Written:
    """The result: the files that were written, and those that were removed."""

    files: tuple[str, ...]
    removed: tuple[str, ...]


def write(folder: Path, pages: Mapping[str, Page]) -> Written:
    """Write these pages to a folder, and remove its own outdated ones.

    Args:
        folder: created if it does not exist.
        pages: by their path in the folder, with `/`.

    Returns:
        The files that now belong to this module, and those that were removed.

    Raises:
        InvalidInput: A foreign file is in the way, in which case nothing was changed; or the folder cannot be
            written.
    """
    own = _own(folder)
    wanted = {
        path: page for path, page in pages.items() if path in own or not (page.yields and (folder / path).exists())
    }
    _refuse_foreign(folder, own, wanted)
    try:
        for path, page in wanted.items():
            _put(folder / path, page.text)
        removed = sorted(path for path in own - wanted.keys() if (folder / path).is_file())
        _remove(folder, removed)
        _put(folder / LIST, json.dumps(sorted(wanted), indent=1) + "\n")
    except OSError as error:
        raise InvalidInput(f"{folder}: cannot be written: {error}; choose another folder") from error
    return Written(tuple(sorted(wanted)), tuple(removed))


def _own(folder: Path) -> set[str]:
    file = folder / LIST
    if not file.is_file():
        return set()
    try:
        found = json.loads(file.read_text())
    except ValueError as error:
        raise InvalidInput(f"{file}: is not a list of files; restore it, or choose another folder") from error
    names = found if isinstance(found, list) else []
    return {name for name in names if isinstance(name, str) and _is_inside(name)}


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and path.name not in ("", LIST)


def _refuse_foreign(folder: Path, own: Iterable[str], wanted: Iterable[str]) -> None:
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(f"{folder}: is a file; name a folder")
    foreign = sorted(path for path in {*wanted} - {*own} if (folder / path).exists())
    if foreign:
        raise InvalidInput(
            f"{folder}: `flowmart docs` did not write {', '.join(foreign[:5])}; remove it, or choose another folder"
        )


def _put(file: Path, text: str) -> None:
    """Write a file, unless it already has this text."""
    if file.is_file() and file.read_bytes() == text.encode():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())


def _remove(folder: Path, paths: Iterable[str]) -> None:
    """Remove files, and the folders that this leaves empty."""
    for path in paths:
        (folder / path).unlink()
        for parent in PurePosixPath(path).parents:
            place = folder / parent
            if place == folder or any(place.iterdir()):
                break
            place.rmdir()
