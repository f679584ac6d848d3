"""Assigns files of variables and of backend settings to roots and environments.

The words of a path decide. `data/production/app.tfvars` belongs to the environment production and the root `app`.
`config/common.tfvars` belongs to every root that declares one of its variables. Any other word makes the file another
root's, unless it is an environment, a part of the root's own path, or a generic word.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from deployments.start import environment_names
from tasks.engines.terraform import code, decryption
from tasks.engines.terraform.configuration import read_values

_VARIABLES = (".tfvars", ".tfvars.json")
_BACKENDS = (".tfbackend", ".backend")
_NAMED_BACKEND = re.compile(r"(.*[._-])?backend([._-].*)?\.(hcl|tfvars|conf|config)")
_BY_ITSELF = re.compile(r"terraform\.tfvars(\.json)?|.*\.auto\.tfvars(\.json)?")
COMMON = frozenset({"common", "global", "shared", "all", "base", "default", "defaults", "main", "account", "region"})
"""Words in names of files that serve several roots or environments."""
SILENT = frozenset(
    (
        *("vars", "var", "tfvars", "data", "values", "variables", "settings", "inputs", "parameters", "params"),
        *("config", "configs", "configuration", "configurations", "secrets", "secret", "accounts"),
        *("env", "envs", "environment", "environments", "terraform", "tf", "live", "infra", "infrastructure"),
        *("backend", "backends", "s3", "gcs", "azurerm", "hcl"),
    )
)
"""Words without meaning."""
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_SKIPPED = {"node_modules", "docs", "examples", "modules"}


@dataclass(frozen=True)
class ValueFile:
    """A file, relative to the repository. `is_backend`: it contains settings of a backend."""

    path: PurePosixPath
    is_backend: bool

    @property
    def words(self) -> tuple[str, ...]:
        """The words of its name."""
        return tuple(word for word in self.path.name.split(".")[: -1 if "." in self.path.name else None] if word)


@dataclass(frozen=True)
class Match:
    """A file that belongs to a root.

    Attributes:
        file: the file.
        environment: its environment; empty if it serves all.
        is_own: whether it belongs to this root alone.
        part: what else its name says: a region, or one of several states of the root and environment.
    """

    file: ValueFile
    environment: str
    is_own: bool
    part: str = ""

    @property
    def order(self) -> tuple[bool, bool, bool, str]:
        """The sort key: common files, then the environment's, the root's own, and those of a part; later ones win."""
        return self.is_own, bool(self.environment), bool(self.part), str(self.file.path)


def found(root: Path) -> list[ValueFile]:
    """Return all such files of a repository, except those that Terraform loads automatically."""
    named = ((file, _kind(file)) for file in _walk(root))
    files = (ValueFile(PurePosixPath(f.relative_to(root).as_posix()), k) for f, k in named if k is not None)
    return sorted(files, key=lambda each: each.path)


def listings(root: Path) -> dict[str, list[Path]]:
    """Return a repository's JSON files, by name."""
    found: dict[str, list[Path]] = {}
    for file in _walk(root):
        if file.suffix == ".json":
            found.setdefault(file.name, []).append(file)
    return found


def places(files: Iterable[ValueFile]) -> list[PurePosixPath]:
    """Return the files' paths with only the words that may name an environment; other words become "-"."""

    def shown(word: str) -> str:
        return word if environment_names.is_known(word) and word not in COMMON else "-"

    found = []
    for file in files:
        words = [*file.path.parent.parts, *(part for word in file.words for part in (word, *re.split("[-_]", word)))]
        found.append(PurePosixPath(*map(shown, words)))
    return found


def matching(
    files: Iterable[ValueFile], root: PurePosixPath, environments: Collection[str], roots: Collection[PurePosixPath]
) -> list[Match]:
    """Return the files of the root in a folder, in order of precedence; later ones win."""
    own = {part.lower() for part in root.parts}
    mine = [file for file in files if _owner(file.path, roots) in (None, root)]
    backends = [_match(file, root, own, environments) for file in mine if file.is_backend]
    parts = {each.part for each in backends if each}
    others = [_match(file, root, own, environments, parts) for file in mine if not file.is_backend]
    return sorted((each for each in (*backends, *others) if each), key=lambda each: each.order)


def sets_any(file: Path, declared: Collection[str]) -> bool:
    """Tell whether a variable file sets a declared variable; a fully encrypted file may."""
    if is_encrypted(file) and not file.name.endswith(".json"):
        return True
    return bool({*read_values(file)} & {*declared})


def is_encrypted(file: Path) -> bool:
    """Tell whether a file is encrypted with sops."""
    return file.is_file() and not decryption.fault(file)


def variables(folder: Path) -> frozenset[str]:
    """Return the names of the variables that a root declares."""
    return frozenset(block.name for block in code.readable_blocks(folder, "variable"))


def relative(path: PurePosixPath, folder: PurePosixPath) -> str:
    """Return a path as an option writes it: relative to the unit's folder."""
    return PurePosixPath(os.path.relpath(str(path), str(folder))).as_posix()


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, without following links."""
    for each in sorted(folder.iterdir()):
        if each.is_dir() and not each.is_symlink() and each.name not in _SKIPPED and not each.name.startswith("."):
            yield from _walk(each)
        elif each.is_file() and not each.is_symlink():
            yield each


def _kind(file: Path) -> bool | None:
    """True for backend settings, False for variables; None for other files and those loaded automatically."""
    if file.name.endswith(_BACKENDS) or _NAMED_BACKEND.fullmatch(file.name):
        return True
    by_itself = _BY_ITSELF.fullmatch(file.name) and code.files(file.parent)
    return False if file.name.endswith(_VARIABLES) and not by_itself else None


def _owner(path: PurePosixPath, roots: Collection[PurePosixPath]) -> PurePosixPath | None:
    """Return the innermost root around a file; None if only the repository's own root contains it."""
    return next((each for each in path.parents if each in roots and each.parts), None)


def _match(
    file: ValueFile,
    root: PurePosixPath,
    own: Collection[str],
    environments: Collection[str],
    parts: Collection[str] = (),
) -> Match | None:
    """Match a file with a root; `parts` are the states that the root's backend files distinguish."""
    above = _shared(file.path.parent, root)
    environment, is_own, left = "", above == root.parts, list[str]()
    for word in (*file.path.parent.parts[len(above) :], *file.words):
        if word in own:
            is_own = True
        elif word in environments and word not in COMMON:
            environment = word
        elif word not in COMMON | SILENT:
            named, rest = environment_names.named_in(word, [each for each in environments if each not in COMMON])
            environment = named or environment
            is_own = is_own or rest in own
            left += [rest] if rest and rest not in {*own, *COMMON, *SILENT} else []
    part = "-".join(left)
    if part and part not in parts and not _may_tell_apart(file, part, above == root.parts, environment):
        return None
    splits = file.is_backend or part in parts or bool(_REGION.fullmatch(part))
    return Match(file, environment or _around(above, environments), is_own, part if splits else "")


def _may_tell_apart(file: ValueFile, part: str, is_inside: bool, environment: str) -> bool:
    """Tell whether a file with unrelated words may still belong to a root.

    In the root's own folder a backend may be one of several, and an environment's folder may hold any names.
    """
    is_of_folder = environment in file.path.parent.parts
    return is_inside and bool(file.is_backend or is_of_folder or _REGION.fullmatch(part))


def _around(above: Iterable[str], environments: Collection[str]) -> str:
    """Return the environment whose folder contains both the file and the root."""
    return next((part for part in above if part in environments), "")


def _shared(one: PurePosixPath, other: PurePosixPath) -> tuple[str, ...]:
    pairs = zip(one.parts, other.parts, strict=False)
    at = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one.parts), len(other.parts)))
    return one.parts[:at]
