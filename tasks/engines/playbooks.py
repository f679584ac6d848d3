"""Which files playbooks read besides themselves: roles, and whatever their paths lead to.

Shared by the engines that run playbooks. It errs on the side of reading too much: every text in a YAML file or a
template that leads to an existing file counts, a path that is put together when the playbook runs counts as
everything below its longest literal folder, and one that begins with a variable as the whole of infrastructure/.
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
"""Keys whose values are paths on our side, and so lead somewhere even when they begin with a variable."""

_YAML = (".yml", ".yaml")
_PLACES = ("", "tasks", "handlers", "templates", "files", "vars", "defaults")
"""Folders of a role, or beside a playbook, in which Ansible looks for a relative path."""

_KNOWN = re.compile(r"\{\{\s*(playbook_dir|role_path)\s*\}\}")
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_QUOTED = re.compile(r"'([^']+)'|\"([^\"]+)\"")
_OPEN = re.compile(r"[\0*?\[]")
"""Where the literal part of a path ends: at an expression (written as NUL) or a wildcard."""


class _Loader(yaml.SafeLoader):
    """Knows that there are Ansible's own tags (!vault, !unsafe), and does not look into them."""


_Loader.add_multi_constructor("!", lambda _, __, ___: None)


@dataclass
class Reading:
    """What has been found to be read so far, below `root`, by playbooks in `folder`.

    `roles` gives the folders of a role by its name; it raises when there is none.
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
            for role in (role for name in _roles_in(document) for role in self.roles(name)):
                yield from files_below(role)
            for key, text in _texts(document):
                yield from self._paths_in(file, key, text)
        elif file.suffix in (".j2", *_YAML):
            for expression in _EXPRESSION.findall(file.read_text(errors="replace")):
                yield from self._paths_in(file, "", expression)

    def _document(self, file: Path) -> Any:
        """What is in a YAML file; None for one that is none, unless it is a playbook: it is a template then."""
        try:
            return parsed(file)
        except InvalidInput:
            if file.parent == self.folder:
                raise
            return None

    def _paths_in(self, file: Path, key: str, text: str) -> Iterator[Path]:
        """The files that a text leads to; what is quoted inside an expression may be a path too."""
        known = {"playbook_dir": str(self.folder), "role_path": str(_role_of(file) or self.folder)}
        literal = _KNOWN.sub(lambda match: known[match[1]], text)
        quoted = [one or other for part in _EXPRESSION.findall(literal) for one, other in _QUOTED.findall(part)]
        for piece in (*re.split(r"[\s'\"=(),]+", _EXPRESSION.sub("\0", literal)), *quoted):
            yield from self._resolved(file, key, piece)

    def _resolved(self, file: Path, key: str, piece: str) -> Iterator[Path]:
        end = _OPEN.search(piece)
        if end is None:
            # A word that happens to be a folder's name is not a path.
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
        """Where a path may lead to below `root`. An absolute one is mostly on a host: not to be looked up here."""
        found = dict.fromkeys(Path(os.path.normpath(place / path)) for place in self._places(file))
        below = [place for place in found if place.is_relative_to(self.root)]
        above = not path.startswith("/") and any(self.root.is_relative_to(place) for place in found)
        return [*below, *([self.root] if above and self.root not in below else [])]

    def _places(self, file: Path) -> list[Path]:
        """Where Ansible looks for a relative path that stands in `file`."""
        beside = [base / place for base in (_role_of(file), self.folder) if base for place in _PLACES]
        return [file.parent, *beside]


def parsed(file: Path) -> Any:
    """A YAML file of Ansible's: its first document, or a list of all of them."""
    try:
        return yaml12.load_all_by(file.read_text(), _Loader)
    except yaml.YAMLError as error:
        raise InvalidInput(f"{file}: is not valid YAML: {error}") from error


def files_below(folder: Path) -> Iterator[Path]:
    """All files below a folder; of a file, itself; nothing where nothing is."""
    if folder.is_file():
        yield folder.resolve()
    elif folder.is_dir():
        yield from (file for file in folder.resolve().rglob("*") if file.is_file() and ".ansible" not in file.parts)


def _existing(path: Path, *, folders: bool) -> Iterator[Path]:
    """The file of that path, or where `folders` count what is below it."""
    try:
        if folders or path.is_file():
            yield from files_below(path)
    except OSError:
        # Longer than a path may be: a text, and no path.
        return


def _role_of(file: Path) -> Path | None:
    """The role that a file belongs to: the folder above one of a role's own."""
    return next((place.parent for place in file.parents if place.name in _PLACES[1:]), None)


def _roles_in(value: Any) -> Iterator[str]:
    """Roles named anywhere in plays, tasks and blocks."""
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
    """Every text with the key that it stands under; not what is a path on the host."""
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
