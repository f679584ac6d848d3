"""The files of a release, and the digest over all of them, which identifies the release."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tasks.domain.values import digest_of

FOLDER = "infrastructure"
"""The folder of the repository that a release consists of."""

Kind = Literal["file", "executable", "link"]

_MARKS: Mapping[Kind, bytes] = {"file": b"-", "executable": b"x", "link": b"l"}


@dataclass(frozen=True)
class File:
    """A file or symlink by its path below infrastructure/. The `data` of a symlink is its target."""

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
    """The digest of a release: SHA-256 over every path and its digest."""
    return digest_of(digests(files))


def links(files: Iterable[File]) -> dict[str, str]:
    """{path: target} of the symlinks."""
    return {file.path: file.data.decode(errors="surrogateescape") for file in files if file.kind == "link"}


def write(files: Iterable[File], into: Path) -> Path:
    """Write the files to `into`/infrastructure and return that folder. Paths are not checked here."""
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
"""Symlinks that are followed on the way to a file, as on Linux (path_resolution(7))."""


def follow(path: str, leading: Mapping[str, str]) -> str | None:
    """Resolve a path below infrastructure/, following every symlink on the way.

    Args:
        path: "terraform/dev/modules/vpc".
        leading: {path of a symlink: its target}.

    Returns:
        A path below infrastructure/ ("" is the folder itself), or None if it leads outside or in a loop.
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
