"""Vendor the roles and collections that a unit's requirements.yml names: they become files of the release.

The content of a version may change in its registry, but a release may not. So ansible-galaxy installs the content
once, beside the requirements, when the release is made. Content that is already committed there is left as it is.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tasks import yaml12
from tasks.domain.errors import FlowmartError, InvalidInput, not_obtained, of_input
from tasks.domain.platform import Unit
from tasks.engines.ansible.errors import is_lost, was_ended
from tasks.engines.ansible.sources import configuration
from tasks.engines.base import Fetching
from tasks.processes import Command, Finished, Processes
from tasks.run_folder import run_folder

_NAMES = ("requirements.yml", "requirements.yaml")
_SECONDS = 600.0
_LOCAL = ("file", "dir", "subdirs")
"""Types of collections that are local files, and so part of the release (ansible-galaxy's documentation)."""

_RANGE = frozenset("<>=!*, ")
"""Characters of a version that is a range or a wildcard."""


def vendor(root: Path, unit: Unit, fetching: Fetching) -> None:
    """Install what a unit requires into the checkout of a release that is being made.

    Args:
        root: the folder that sources are relative to.
        unit: whose requirements to install.
        fetching: the tool, and what runs its commands.

    Raises:
        InvalidInput: a requirements file is wrong, a version is not exact, or the content cannot be installed.
    """
    folder = (root / unit.source).resolve()
    config = configuration(root.resolve(), folder)
    for file in _files(folder, config):
        place = f"{unit.source}: {os.path.relpath(file, folder)}"
        wanted = _parsed(file, place)
        for kind in ("role", "collection"):
            declared = wanted.get(f"{kind}s") or []
            _refuse_unpinned(declared, kind, place)
            if missing := [each for each in declared if not _is_there(each, kind, _beside(file))]:
                _install(
                    {f"{kind}s": missing}, kind, file, _Galaxy(fetching.executable, config, fetching.processes), place
                )


@dataclass(frozen=True)
class _Galaxy:
    """ansible-galaxy from beside ansible-playbook, with the unit's configuration and none of this machine's."""

    executable: str
    config: Path | None
    processes: Processes

    def __call__(self, folder: Path, into: Path, *arguments: str) -> Finished:
        """Run it in `folder`. Its own files go to `into`, which is temporary."""
        program = Path(shutil.which(self.executable) or self.executable).with_name("ansible-galaxy")
        own = {"ANSIBLE_HOME": str(into), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCAL_TEMP": str(into / "tmp")}
        around = {**own, **({"ANSIBLE_CONFIG": str(self.config)} if self.config else {})}
        return self.processes.run(Command((str(program), *arguments), folder, around, _SECONDS))


def _files(folder: Path, config: Path | None) -> Iterator[Path]:
    """Yield the requirements files beside the playbook and configuration, and in their roles/ and collections/."""
    beside = dict.fromkeys([folder, *([config.parent] if config else [])])
    for place in (each / below for each in beside for below in ("", "roles", "collections")):
        yield from (place / name for name in _NAMES if (place / name).is_file())


def _parsed(file: Path, place: str) -> Mapping[str, Any]:
    try:
        found = yaml12.load(file.read_text())
    except yaml.YAMLError as error:
        raise InvalidInput(f"{place}: is not valid YAML: {' '.join(str(error).split())}") from error
    # A list means roles: the form from before collections existed.
    wanted = {"roles": found} if isinstance(found, list) else found or {}
    if not isinstance(wanted, Mapping):
        raise InvalidInput(f"{place}: must hold roles and collections, each a list")
    return wanted


def _refuse_unpinned(declared: Any, kind: str, place: str) -> None:
    if not isinstance(declared, list):
        raise InvalidInput(f"{place}: {kind}s must be a list")
    for each in declared:
        about = each if isinstance(each, Mapping) else {"name": each}
        name = str(about.get("name") or about.get("src") or about.get("source") or "")
        version = str(about.get("version") or "")
        if isinstance(about.get("version"), float):
            raise InvalidInput(f"{place}: {kind} {name}: ansible-galaxy takes the version for a number: quote it")
        if not _is_local(about) and (not version or _RANGE & set(version)):
            told = f"has the version {version!r}" if version else "has no version"
            raise InvalidInput(f"{place}: {kind} {name} {told}: give an exact one, or a tag or commit of git")


def _is_local(about: Mapping[str, Any]) -> bool:
    source = str(about.get("src") or about.get("source") or about.get("name") or "")
    return about.get("type") in _LOCAL or source.startswith((".", "/")) or source.endswith(".tar.gz")


def _beside(file: Path) -> Path:
    """Return the folder that contains roles/ and collections/."""
    return file.parent.parent if file.parent.name in ("roles", "collections") else file.parent


def _is_there(declared: Any, kind: str, beside: Path) -> bool:
    """Tell whether content is committed, or installed for another unit: ansible-galaxy recognizes neither."""
    about = declared if isinstance(declared, Mapping) else {"name": declared}
    source = str(about.get("src") or about.get("name") or "").rstrip("/").rpartition("/")[2]
    name = str(about.get("name") or source.removesuffix(".git").removesuffix(".tar.gz"))
    if kind == "role":
        return bool(name) and (beside / "roles" / name).is_dir()
    return name.count(".") == 1 and (beside / "collections/ansible_collections" / name.replace(".", "/")).is_dir()


def _install(wanted: Mapping[str, Any], kind: str, file: Path, galaxy: _Galaxy, place: str) -> None:
    beside, told = _beside(file), f"{place}: {kind}s cannot be taken into the release"
    before = {*_notes(beside)}
    with run_folder("galaxy") as folder:
        required = folder / "requirements.yml"
        required.write_text(yaml.safe_dump(dict(wanted)))
        into = str(beside / f"{kind}s")
        try:
            finished = galaxy(file.parent, folder, kind, "install", "-r", str(required), "-p", into)
        except FlowmartError as error:
            raise of_input(error, f"{told}: {error}") from error
    if finished.exit_code != 0:
        said = " ".join((finished.stderr or finished.stdout).split())
        lost = was_ended(finished.exit_code) or is_lost(said)
        todo = f"make them reachable, or commit them to {kind}s/"
        raise not_obtained(f"{told}: {said[-600:]}; {todo}", lost=lost)
    # ansible-galaxy notes the time of an installation: with it, two releases of the same content would differ.
    for note in {*_notes(beside)} - before:
        shutil.rmtree(note) if note.is_dir() else note.unlink()


def _notes(beside: Path) -> Iterator[Path]:
    yield from beside.glob("roles/*/meta/.galaxy_install_info")
    yield from beside.glob("collections/ansible_collections/*.info")
