"""The files of a release: what one is, and the digest over all of them, which the release is called by."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tasks.domain.values import digest_of

FOLDER = "infrastructure"
"""The folder of the repository that a release holds."""

Kind = Literal["file", "executable", "link"]

_MARKS: Mapping[Kind, bytes] = {"file": b"-", "executable": b"x", "link": b"l"}


@dataclass(frozen=True)
class File:
    """A file or symlink by its path below infrastructure/. `data` of a link is where it leads, as it is written."""

    path: str
    kind: Kind
    data: bytes

    @property
    def digest(self) -> str:
        """SHA-256 over kind and bytes."""
        return hashlib.sha256(_MARKS[self.kind] + self.data).hexdigest()


def digests(files: Iterable[File]) -> dict[str, str]:
    """{path: digest}, sorted by path."""
    return {file.path: file.digest for file in sorted(files, key=lambda file: file.path)}


def content_digest(files: Iterable[File]) -> str:
    """The digest of a release: over every path and what is there."""
    return digest_of(digests(files))


def links(files: Iterable[File]) -> dict[str, str]:
    """{path: where it leads} of the symlinks."""
    return {file.path: file.data.decode(errors="surrogateescape") for file in files if file.kind == "link"}


def write(files: Iterable[File], into: Path) -> Path:
    """Write the files below `into`/infrastructure; that folder. They must be portable: nothing is looked at here."""
    infrastructure = into / FOLDER
    infrastructure.mkdir(parents=True)
    for file in files:
        place = infrastructure / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.kind == "link":
            place.symlink_to(file.data.decode())
        else:
            place.write_bytes(file.data)
            place.chmod(0o755 if file.kind == "executable" else 0o644)
    return infrastructure


_MOST_HOPS = 40
"""Symlinks on the way to a file; Linux follows as many (path_resolution(7))."""


def follow(path: str, leading: Mapping[str, str]) -> str | None:
    """Where a path below infrastructure/ leads once every symlink on the way is followed, part by part.

    Args:
        path: "terraform/dev/modules/vpc".
        leading: {path of a symlink: where it leads}.

    Returns:
        A path below infrastructure/ ("" is the folder itself), or None when it leads out of it or round and round.
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
