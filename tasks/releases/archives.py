"""Packs the files of a release into one object of the store: a reproducible gzipped tar."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from tasks.releases.contents import FOLDER, File, path_of


def pack(files: Iterable[File]) -> bytes:
    """Return the files as a gzipped tar, by their paths in the repository, without times and owners."""
    packed = io.BytesIO()
    # gzip's header contains a time, so archives of the same files would differ.
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for file in sorted(files, key=lambda file: file.path):
            _add(tar, file)
    return packed.getvalue()


def unpack(archive: bytes) -> tuple[File, ...]:
    """Return the files of an archive, in memory.

    Raises:
        ValueError: It is truncated, is not an archive, or holds something that `pack` does not write.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive)), mode="r:") as tar:
            files = tuple(_file(tar, member) for member in tar)
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise ValueError(str(error) or "it ends too early") from error
    _refuse_overlaps([file.place for file in files])
    return files


def _refuse_overlaps(paths: Sequence[str]) -> None:
    """Reject a path that occurs twice or lies below a symlink or file: it would be written elsewhere."""
    known = set(paths)
    for path in paths:
        if len(known) != len(paths) or known.intersection(map(str, PurePosixPath(path).parents)):
            raise ValueError(f"{path} overlaps with another file")


def _add(tar: tarfile.TarFile, file: File) -> None:
    member = tarfile.TarInfo(file.place)
    if file.kind == "link":
        member.type, member.linkname = tarfile.SYMTYPE, file.data.decode()
        tar.addfile(member)
        return
    member.mode = 0o755 if file.kind == "executable" else 0o644
    member.size = len(file.data)
    tar.addfile(member, io.BytesIO(file.data))


def _file(tar: tarfile.TarFile, member: tarfile.TarInfo) -> File:
    if member.name == FOLDER or not all(part not in ("", ".", "..") for part in member.name.split("/")):
        raise ValueError(f"{member.name} is not a path of a repository")
    path = path_of(member.name)
    if member.issym():
        return File(path, "link", member.linkname.encode(errors="surrogateescape"))
    content = tar.extractfile(member) if member.isreg() else None
    if content is None:
        raise ValueError(f"{member.name} is neither a file nor a symlink")
    return File(path, "executable" if member.mode & 0o100 else "file", content.read())
