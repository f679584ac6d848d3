"""Checks that a unit's source is a folder of the release with files in it, and that its programs are there."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path, PurePosixPath

from tasks.manifest import paths
from tasks.manifest.mistakes import did_you_mean, shown


def normal(source: str) -> str:
    """Return the normal spelling of a folder: a/b, not ./a//b/."""
    return str(PurePosixPath(source))


def fault(infrastructure: Path, source: str, released: Collection[str] = ()) -> str:
    """Return what is wrong with the folder `source` of a unit; empty if it is right.

    Args:
        infrastructure: the folder of platform.yaml.
        source: the folder, relative to infrastructure/ or, with `released`, to the repository.
        released: the `paths` of platform.yaml.
    """
    around = partial(_of_repository, released=released) if released else _of_infrastructure
    return _asked(around, infrastructure, source)


def program_fault(folder: Path, program: str) -> str:
    """Return what is wrong with the file `program` of a check, relative to `folder`; empty if it is right."""
    return _asked(_program_fault, folder, program)


def _asked(question: Callable[[Path, str], str], folder: Path, name: str) -> str:
    """Report names that no file system can have (too long, a zero byte) like those that do not exist."""
    try:
        return question(folder, name)
    except OSError as error:
        return f"{shown(name)} cannot be looked up: {error.strerror}"
    except ValueError as error:
        return f"{shown(name)} cannot be looked up: {error}"


def _of_infrastructure(folder: Path, source: str) -> str:
    root = folder.resolve()
    path = (root / source).resolve()
    if PurePosixPath(source).is_absolute() or not path.is_relative_to(root) or path == root:
        return f"{source!r} is not inside of {root.name}/: name a folder below it"
    return _folder_fault(root, source, f"{root.name}/")


def _of_repository(folder: Path, source: str, released: Collection[str]) -> str:
    root = folder.resolve().parent
    path = (root / source).resolve()
    if PurePosixPath(source).is_absolute() or not path.is_relative_to(root):
        return f"{source!r} is not in the repository: name a folder of it, relative to its top"
    if not paths.is_released(path.relative_to(root).as_posix(), folder.name, released):
        return f"{source} is not in releases, which consist of {folder.name}, {', '.join(released)}: add it to paths"
    return _folder_fault(root, source, "")


def _folder_fault(root: Path, source: str, prefix: str) -> str:
    path = (root / source).resolve()
    if path.is_file():
        return f"{prefix}{source} is a file: name its folder"
    if not path.is_dir():
        return _missing(root, source, prefix)
    if not any(inside.is_file() for inside in path.rglob("*")):
        return f"{prefix}{source} holds no files"
    return ""


def _program_fault(folder: Path, program: str) -> str:
    root = folder.resolve()
    if (root / program).is_file():
        return ""
    beside = (root / program).parent
    names = sorted(inside.name for inside in beside.iterdir() if inside.is_file()) if beside.is_dir() else []
    hint = did_you_mean(PurePosixPath(program).name, names)
    return f"there is no file {root.name}/{program}.{hint}".removesuffix(".")


def _missing(root: Path, source: str, prefix: str) -> str:
    """Describe a missing folder, with the folders that exist there and the closest name."""
    there, rest = root, list(PurePosixPath(source).parts)
    while rest and (there / rest[0]).is_dir():
        there /= rest.pop(0)
    folders = sorted(inside.name for inside in there.iterdir() if inside.is_dir())
    below = there.relative_to(root).as_posix()
    name = f"{prefix}{below}".removesuffix("/.") if below != "." or prefix else "the repository"
    hint = did_you_mean(rest[0], folders)
    return f"there is no folder {prefix}{source}.{hint} Folders in {name}: {', '.join(folders) or 'none'}"
