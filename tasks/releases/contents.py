"""Defines the files of a release, and the digest over all of them, which identifies the release."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tasks.domain.values import digest_of

FOLDER = "infrastructure"
"""The folder of the repository that a release contains, next to the `paths` of its platform.yaml."""

Kind = Literal["file", "executable", "link"]

_MARKS: Mapping[Kind, bytes] = {"file": b"-", "executable": b"x", "link": b"l"}


@dataclass(frozen=True)
class File:
    """A file or symlink, by its path relative to infrastructure/: "../live/main.tf" is outside that folder.

    The `data` of a symlink is its target.
    """

    path: str
    kind: Kind
    data: bytes

    @property
    def place(self) -> str:
        """Return its path in the repository."""
        return posixpath.normpath(f"{FOLDER}/{self.path}")

    @property
    def digest(self) -> str:
        """Return the SHA-256 over its kind and bytes."""
        return hashlib.sha256(_MARKS[self.kind] + self.data).hexdigest()


def path_of(place: str) -> str:
    """Return the path of a file in a release, given its path in the repository."""
    return posixpath.relpath(place, FOLDER)


def from_root(files: Iterable[File], *, whole: bool) -> dict[str, File]:
    """Return the files by their paths relative to the `whole` repository, or else to infrastructure/.

    Sources of units are relative to the same folder.
    """
    return {file.place if whole else file.path: file for file in files}


def digests(files: Iterable[File]) -> dict[str, str]:
    """Return {path: digest}, sorted by path."""
    return {file.path: file.digest for file in sorted(files, key=lambda file: file.path)}


def content_digest(files: Iterable[File]) -> str:
    """Return the digest of a release: SHA-256 over every path and its digest."""
    return digest_of(digests(files))


def links(files: Mapping[str, File]) -> dict[str, str]:
    """Return {path: target} for the symlinks among the files."""
    return {path: file.data.decode(errors="surrogateescape") for path, file in files.items() if file.kind == "link"}


def write(files: Iterable[File], into: Path) -> Path:
    """Write the files to `into`, as they are in the repository, and return its infrastructure/.

    Paths are not checked.
    """
    infrastructure = into / FOLDER
    infrastructure.mkdir(parents=True)
    for file in files:
        place = into / file.place
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.kind == "link":
            place.symlink_to(file.data.decode())
        else:
            place.write_bytes(file.data)
            place.chmod(0o755 if file.kind == "executable" else 0o644)
    return infrastructure


_MOST_HOPS = 40
"""The maximum number of symlinks on the way to a file, as on Linux (path_resolution(7))."""


def follow(path: str, leading: Mapping[str, str]) -> str | None:
    """Resolve a path below infrastructure/ or in the repository, following every symlink on the way.

    Args:
        path: "terraform/dev/modules/vpc".
        leading: {path of a symlink: its target}.

    Returns:
        A path below the same folder ("" is the folder itself), or None if it leads outside or in a loop.
    """
    done: list[str] = []
    todo = path.split("/")
    hops = 0
    while todo:
        part = todo.pop(0)
        if part == ".." and not done:
            return None
        target = leading.get("/".join([*done, part]))
        if target is not None:
            hops += 1
            if hops > _MOST_HOPS or posixpath.isabs(target):
                return None
            todo = [*target.split("/"), *todo]
        elif part == "..":
            done.pop()
        elif part not in ("", "."):
            done.append(part)
    return "/".join(done)
