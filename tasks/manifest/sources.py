"""Whether a unit's source is a folder of this release: inside, there, and with something in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tasks.manifest.mistakes import Key, Mistake, did_you_mean

HERE: Key = ("source",)


def normal(source: str) -> str:
    """One spelling for one folder: a/b, not ./a//b/."""
    return str(PurePosixPath(source))


def mistakes(folder: Path, source: str) -> Iterator[Mistake]:
    """What is wrong with `source`, which is relative to `folder`."""
    root = folder.resolve()
    path = (root / source).resolve()
    if PurePosixPath(source).is_absolute() or not path.is_relative_to(root) or path == root:
        yield Mistake(HERE, f"{source!r} is not inside of {root.name}/: name a folder below it")
    elif path.is_file():
        yield Mistake(HERE, f"{root.name}/{source} is a file: name its folder")
    elif not path.is_dir():
        yield Mistake(HERE, _missing(root, source))
    elif not any(inside.is_file() for inside in path.rglob("*")):
        yield Mistake(HERE, f"{root.name}/{source} holds no files")


def _missing(root: Path, source: str) -> str:
    """Where the path ends in nothing, and what could have been meant there."""
    there, rest = root, list(PurePosixPath(source).parts)
    while rest and (there / rest[0]).is_dir():
        there /= rest.pop(0)
    folders = sorted(inside.name for inside in there.iterdir() if inside.is_dir())
    name = f"{root.name}/{there.relative_to(root)}".removesuffix("/.")
    hint = did_you_mean(rest[0], folders)
    return f"there is no folder {root.name}/{source}{hint}; folders in {name}: {', '.join(folders) or 'none'}"
