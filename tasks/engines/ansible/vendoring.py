"""Takes the roles and collections that a unit's requirements.yml names into the release.

What a version means elsewhere may change, a release may not. So when a release is made, ansible-galaxy installs them
once, beside the requirements, and what it installs becomes files of the release. What is committed there already is
left as it is.
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
from tasks.domain.errors import FlowmartError, InvalidInput
from tasks.domain.platform import Unit
from tasks.engines.ansible.sources import configuration
from tasks.engines.base import Fetching
from tasks.processes import Command, Finished, Processes
from tasks.run_folder import run_folder

_NAMES = ("requirements.yml", "requirements.yaml")
_SECONDS = 600.0
_LOCAL = ("file", "dir", "subdirs")
"""Types of collections that are files of the release (ansible-galaxy's documentation)."""

_RANGE = frozenset("<>=!*, ")
"""What a version that is a range, or any, has in it."""


def vendor(root: Path, unit: Unit, fetching: Fetching) -> None:
    """Install what a unit requires, and add it to the checkout of a release that is being made.

    Raises:
        InvalidInput: it has no exact version, or cannot be installed.
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
    """ansible-galaxy, which is beside ansible-playbook, with a unit's configuration and nothing of this machine's."""

    executable: str
    config: Path | None
    processes: Processes

    def __call__(self, folder: Path, into: Path, *arguments: str) -> Finished:
        """Run it in `folder`; what it keeps for itself goes `into` a folder that is thrown away."""
        program = Path(shutil.which(self.executable) or self.executable).with_name("ansible-galaxy")
        own = {"ANSIBLE_HOME": str(into), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCAL_TEMP": str(into / "tmp")}
        around = {**own, **({"ANSIBLE_CONFIG": str(self.config)} if self.config else {})}
        return self.processes.run(Command((str(program), *arguments), folder, around, _SECONDS))


def _files(folder: Path, config: Path | None) -> Iterator[Path]:
    """The requirements beside a playbook and beside its configuration, and in folders roles and collections there."""
    beside = dict.fromkeys([folder, *([config.parent] if config else [])])
    for place in (each / below for each in beside for below in ("", "roles", "collections")):
        yield from (place / name for name in _NAMES if (place / name).is_file())


def _parsed(file: Path, place: str) -> Mapping[str, Any]:
    try:
        found = yaml12.load(file.read_text())
    except yaml.YAMLError as error:
        raise InvalidInput(f"{place}: is not valid YAML: {' '.join(str(error).split())}") from error
    # A list is of roles: the form from before there were collections.
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
    """The folder in which roles/ and collections/ are."""
    return file.parent.parent if file.parent.name in ("roles", "collections") else file.parent


def _is_there(declared: Any, kind: str, beside: Path) -> bool:
    """Whether it is committed, or was installed for another unit: ansible-galaxy takes neither for its own work."""
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
            raise InvalidInput(f"{told}: {error}") from error
    if finished.exit_code != 0:
        said = " ".join((finished.stderr or finished.stdout).split())[-600:]
        raise InvalidInput(f"{told}: {said}; make them reachable, or commit them to {kind}s/")
    # What ansible-galaxy notes of an installation has the time of day in it: a release would never be the same twice.
    for note in {*_notes(beside)} - before:
        shutil.rmtree(note) if note.is_dir() else note.unlink()


def _notes(beside: Path) -> Iterator[Path]:
    yield from beside.glob("roles/*/meta/.galaxy_install_info")
    yield from beside.glob("collections/ansible_collections/*.info")
