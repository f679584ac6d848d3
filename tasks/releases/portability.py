"""Which files of a commit can be in a release: plain files, and symlinks that stay below infrastructure/.

Anything else would differ from one machine to the next: a checkout has an empty folder for a submodule, three lines
of text for a Git LFS pointer, and whatever the machine holds behind an absolute symlink. Such files are refused when
the release is created, each with its path and the remedy.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from tasks.releases.contents import FOLDER, File, follow, links

SUBMODULE = "160000"
"""The mode that git gives to a submodule (a "gitlink")."""

_LFS = (b"version https://git-lfs.github.com/spec/v1\n", b"version https://hawser.github.com/spec/v1\n")
"""How a Git LFS pointer begins: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md."""


def objections(files: Sequence[File]) -> tuple[str, ...]:
    """Why files cannot be a release, one sentence each with path and remedy; empty if they can."""
    return (*_pointers(files), *_stray_links(files), *_clashes(files))


def submodule(path: str) -> str:
    """Why a submodule cannot be in a release, and what to do."""
    return f"{path} is a submodule, whose files are not in the commit. Copy them below {FOLDER}/, or use its URL."


def _pointers(files: Iterable[File]) -> list[str]:
    why = "is a Git LFS pointer, not the file itself. Take the file out of LFS, or keep it out of infrastructure/."
    return [f"{FOLDER}/{file.path} {why}" for file in files if file.kind != "link" and file.data.startswith(_LFS)]


def _stray_links(files: Sequence[File]) -> list[str]:
    leading = links(files)
    return [
        f"{FOLDER}/{path} is a symlink to {_shown(target)}, which is not below {FOLDER}/. Put the file itself there."
        for path, target in leading.items()
        if follow(path, leading) is None or _is_no_text(target)
    ]


def _shown(target: str) -> str:
    return target.encode(errors="replace").decode()


def _is_no_text(target: str) -> bool:
    return any(0xD800 <= ord(letter) <= 0xDFFF for letter in target)


def _clashes(files: Iterable[File]) -> list[str]:
    """Names that macOS or Windows treats as one: they differ only in case or in how accents are composed."""
    found: dict[str, str] = {}
    clashes = {}
    for path in (path for file in files for path in _with_folders(file.path)):
        first = found.setdefault(unicodedata.normalize("NFC", path).casefold(), path)
        if first != path and PurePosixPath(first).parent == PurePosixPath(path).parent:
            clashes[path] = first
    return [
        f"{FOLDER}/{path} and {FOLDER}/{first} are one file on systems that ignore case. Rename one of them."
        for path, first in clashes.items()
    ]


def _with_folders(path: str) -> list[str]:
    return [path, *(str(folder) for folder in PurePosixPath(path).parents if folder.name)]
