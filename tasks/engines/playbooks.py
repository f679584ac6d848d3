"""Find the files that playbooks read besides themselves: their roles, and whatever their paths lead to.

The engines that run playbooks share this. It finds too many files rather than too few. Every text in a YAML file or
template that leads to an existing file counts. For a path that is only known when the playbook runs, everything below
its longest literal folder counts. For a path that begins with a variable, all of infrastructure/ counts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tasks import yaml12
from tasks.domain.errors import InvalidInput

_INCLUDES = ("import_role", "include_role")
_PATHS = ("include_tasks", "import_tasks", "include_vars", "vars_files", "import_playbook", "include", "src", "file")
"""Keys whose values are local paths, and so count even if they begin with a variable."""

_YAML = (".yml", ".yaml")
_PLACES = ("", "tasks", "handlers", "templates", "files", "vars", "defaults")
"""Folders of a role, or beside a playbook, in which Ansible looks for a relative path."""

_RUN = (*_PLACES, "meta", "library", "module_utils")
"""Folders of a role whose files a playbook may run or read by themselves."""

_KNOWN = re.compile(r"\{\{\s*(playbook_dir|role_path)\s*\}\}")
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_QUOTED = re.compile(r"'([^']+)'|\"([^\"]+)\"")
_OPEN = re.compile(r"[\0*?\[]")
"""Where the literal part of a path ends: at an expression (written as NUL) or a wildcard."""


class _Loader(yaml.SafeLoader):
    """A YAML loader that accepts Ansible's own tags (!vault, !unsafe) and ignores their values."""


_Loader.add_multi_constructor("!", lambda _, __, ___: None)


@dataclass
class Reading:
    """The files found so far that playbooks in `folder` read, all of them below `root`.

    `roles` returns the folders of a role by its name; it raises an error if there is none.
    """

    root: Path
    folder: Path
    roles: Callable[[str], list[Path]]
    found: set[Path] = field(default_factory=set)

    def follow(self, files: Iterable[Path]) -> None:
        """Add these files and everything that they lead to."""
        waiting = list(files)
        while waiting:
            file = waiting.pop()
            if file in self.found or not file.is_relative_to(self.root):
                continue
            self.found.add(file)
            waiting += self._led_to(file)

    def _led_to(self, file: Path) -> Iterator[Path]:
        if file.suffix in _YAML and (document := self._document(file)) is not None:
            for role in self._roles_of(file, document):
                yield from files_below(role)
            for key, text in _texts(document):
                yield from self._paths_in(file, key, text)
        elif file.suffix in (".j2", *_YAML):
            for expression in _EXPRESSION.findall(file.read_text(errors="replace")):
                yield from self._paths_in(file, "", expression)

    def _roles_of(self, file: Path, document: Any) -> Iterator[Path]:
        """Yield the folders of the roles that a file names."""
        for name in _roles_in(document):
            try:
                yield from self.roles(name)
            except InvalidInput:
                # Tests and examples of a published role name roles that only they need. No playbook runs them.
                if not self._is_beside_a_role(file):
                    raise

    def _is_beside_a_role(self, file: Path) -> bool:
        """Tell whether a file is in a role's folder, but in none of those that Ansible looks into."""
        above = (place for place in file.parents if place not in (self.folder, *self.folder.parents))
        return any(_is_role(place) and file.relative_to(place).parts[0] not in _RUN for place in above)

    def _document(self, file: Path) -> Any:
        """Return the content of a YAML file; None for a template that is not valid YAML. A playbook must be valid."""
        try:
            return parsed(file)
        except InvalidInput:
            if file.parent == self.folder:
                raise
            return None

    def _paths_in(self, file: Path, key: str, text: str) -> Iterator[Path]:
        """Yield the files that a text leads to. A quoted string inside an expression may be a path too."""
        known = {"playbook_dir": str(self.folder), "role_path": str(_role_of(file) or self.folder)}
        literal = _KNOWN.sub(lambda match: known[match[1]], text)
        quoted = [one or other for part in _EXPRESSION.findall(literal) for one, other in _QUOTED.findall(part)]
        plain = _EXPRESSION.sub("\0", literal)
        # A path may contain spaces: where it is the whole text, or in quotes.
        whole = [plain.strip(), *(one or other for one, other in _QUOTED.findall(plain))]
        for piece in dict.fromkeys([*re.split(r"[\s'\"=(),]+", plain), *filter(_may_exist, whole), *quoted]):
            yield from self._resolved(file, key, piece)

    def _resolved(self, file: Path, key: str, piece: str) -> Iterator[Path]:
        end = _OPEN.search(piece)
        if end is None:
            # A single word that equals the name of a folder is not a path.
            folders = "/" in piece or key in _PATHS
            if piece.strip("./"):
                for place in self._ours(file, piece):
                    yield from _existing(place, folders=folders)
            return
        literal = piece[: end.start()].rpartition("/")[0]
        if literal:
            yield from (found for place in self._ours(file, literal) for found in files_below(place))
        elif key in _PATHS and piece.startswith("\0/"):
            yield from files_below(self.root)

    def _ours(self, file: Path, path: str) -> list[Path]:
        """Return where a path may lead below `root`. Absolute paths outside of it are on a host and do not count."""
        found = dict.fromkeys(Path(os.path.normpath(place / path)) for place in self._places(file))
        below = [place for place in found if place.is_relative_to(self.root)]
        above = not path.startswith("/") and any(self.root.is_relative_to(place) for place in found)
        return [*below, *([self.root] if above and self.root not in below else [])]

    def _places(self, file: Path) -> list[Path]:
        """Return the folders in which Ansible looks for a relative path that is written in `file`."""
        beside = [base / place for base in (_role_of(file), self.folder) if base for place in _PLACES]
        return [file.parent, *beside]


def _may_exist(path: str) -> bool:
    """Tell whether a text is short enough to be a path: NAME_MAX and PATH_MAX of Linux."""
    return "\n" not in path and len(path) <= 4096 and all(len(name.encode()) <= 255 for name in path.split("/"))


def parsed(file: Path) -> Any:
    """Parse a YAML file of Ansible's: its first document, or a list of all of them.

    Raises:
        InvalidInput: the file is not valid YAML.
    """
    try:
        return yaml12.load_all_by(file.read_text(), _Loader)
    except yaml.YAMLError as error:
        raise InvalidInput(f"{file}: is not valid YAML: {error}") from error


def files_below(folder: Path) -> Iterator[Path]:
    """Yield all files below a folder; for a file, the file itself; nothing if the path does not exist."""
    if folder.is_file():
        yield folder.resolve()
    elif folder.is_dir():
        yield from (file for file in folder.resolve().rglob("*") if file.is_file() and ".ansible" not in file.parts)


def _existing(path: Path, *, folders: bool) -> Iterator[Path]:
    """Yield the file at a path; with `folders`, also the files below a folder."""
    try:
        if folders or path.is_file():
            yield from files_below(path)
    except OSError:
        # The text is longer than a path may be, so it is not a path.
        return


def _is_role(folder: Path) -> bool:
    return any((folder / place / f"main{suffix}").is_file() for place in ("tasks", "meta") for suffix in _YAML)


def _role_of(file: Path) -> Path | None:
    """Return the role that a file belongs to: the folder above one of the role's own; None if there is none."""
    return next((place.parent for place in file.parents if place.name in _PLACES[1:]), None)


def _roles_in(value: Any) -> Iterator[str]:
    """Yield the roles named anywhere in plays, tasks and blocks."""
    if isinstance(value, list):
        for item in value:
            yield from _roles_in(item)
    if not isinstance(value, Mapping):
        return
    for key, item in value.items():
        name = str(key).rpartition(".")[2]
        if name in ("roles", "dependencies") and isinstance(item, list):
            yield from (str(r.get("role") or r.get("name")) if isinstance(r, Mapping) else str(r) for r in item)
        elif name in _INCLUDES and isinstance(item, Mapping):
            yield str(item.get("name", "{{"))
        else:
            yield from _roles_in(item)


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text with its key, without texts that are paths on the host."""
    if isinstance(value, Mapping):
        remote = value.get("remote_src") or value.get("state") in ("link", "hard")
        for name, item in value.items():
            if not (remote and name == "src"):
                yield from _texts(item, str(name).rpartition(".")[2])
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, key)
    elif isinstance(value, str):
        yield key, value
