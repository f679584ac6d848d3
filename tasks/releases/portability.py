"""Checks which files of a commit can be in a release: plain files, and symlinks that stay inside it.

Anything else would differ between machines. A checkout has an empty folder for a submodule, and three lines of text
for a Git LFS pointer. Behind an absolute symlink is whatever the machine has there. Such files are rejected when the
release is created, each with its path and the remedy.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from pathlib import PurePosixPath

from tasks.releases.contents import FOLDER, File, follow, from_root, links

SUBMODULE = "160000"
"""The mode of a submodule in git (a "gitlink")."""

_LFS = (b"version https://git-lfs.github.com/spec/v1\n", b"version https://hawser.github.com/spec/v1\n")
"""The first line of a Git LFS pointer: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md."""


def objections(files: Sequence[File]) -> tuple[str, ...]:
    """Return why files cannot be a release, one sentence each with path and remedy; empty if they can."""
    return (*_pointers(files), *_stray_links(files), *_clashes(files))


def submodule(path: str) -> str:
    """Return why a submodule cannot be in a release, and what to do."""
    return f"{path} is a submodule, whose files are not in the commit. Copy them into the repository, or use its URL."


def _pointers(files: Iterable[File]) -> list[str]:
    why = "is a Git LFS pointer, not the file itself. Take the file out of LFS, or keep it out of releases."
    return [f"{file.place} {why}" for file in files if file.kind != "link" and file.data.startswith(_LFS)]


def _stray_links(files: Sequence[File]) -> list[str]:
    whole = any(file.path.startswith("../") for file in files)
    found = from_root(files, whole=whole)
    leading = links(found)
    held = {*_with_all_folders(found), "", FOLDER} if whole else None
    remedy = "is not in the release. Put the file itself there, or add where it is to `paths` in platform.yaml."
    return [
        f"{found[path].place} is a symlink to {_shown(target)}, which {remedy}"
        for path, target in leading.items()
        if _is_no_text(target) or _leads_out(follow(path, leading), held)
    ]


def _leads_out(end: str | None, held: Collection[str] | None) -> bool:
    """Tell whether a symlink ends outside the release. Below infrastructure/, it may lead to a missing file."""
    return end is None or (held is not None and end not in held and not end.startswith(f"{FOLDER}/"))


def _with_all_folders(paths: Iterable[str]) -> set[str]:
    return {place for path in paths for place in _with_folders(path)}


def _shown(target: str) -> str:
    return target.encode(errors="replace").decode()


def _is_no_text(target: str) -> bool:
    return any(0xD800 <= ord(letter) <= 0xDFFF for letter in target)


def _clashes(files: Iterable[File]) -> list[str]:
    """Report names that macOS or Windows treats as one: they differ only in case or in how accents are composed."""
    found: dict[str, str] = {}
    clashes = {}
    for path in (path for file in files for path in _with_folders(file.place)):
        first = found.setdefault(unicodedata.normalize("NFC", path).casefold(), path)
        if first != path and PurePosixPath(first).parent == PurePosixPath(path).parent:
            clashes[path] = first
    return [
        f"{path} and {first} are one file on systems that ignore case. Rename one of them."
        for path, first in clashes.items()
    ]


def _with_folders(path: str) -> list[str]:
    return [path, *(str(folder) for folder in PurePosixPath(path).parents if folder.name)]
