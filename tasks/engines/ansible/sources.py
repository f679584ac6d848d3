"""Find the files that a playbook reads: its own folder, its roles, their configuration, and what paths lead to.

A unit's source is a folder with a playbook; with `remove.yml`, a first release can be removed again. The nearest
ansible.cfg in the folder or above it says where roles and collections are; otherwise they are beside the playbook. A
role that is installed only on this machine is not in the release, so it is rejected. Vendored collections count as a
whole. If a role's name is known only when the playbook runs, all roles count.
"""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from pathlib import Path

from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Unit
from tasks.engines.ansible import inventories
from tasks.engines.ansible.options import AnsibleOptions
from tasks.engines.base import Interface
from tasks.engines.playbooks import Reading, files_below

REMOVAL = "remove.yml"
CONFIG = "ansible.cfg"


def interface(_: Path, __: str) -> Interface:
    """Return the inputs and outputs of every Ansible unit. Only Ansible knows which variables a playbook takes."""
    return Interface(
        accepts={"hosts": "map", "user": "string", "variables": "map"},
        gives={"hosts": "map", "addresses": "string"},
    )


def reads(infrastructure: Path, source: str) -> tuple[str, ...]:
    """Return all files that the playbooks in `source` read, as sorted paths below `infrastructure`.

    Raises:
        InvalidInput: the folder has no playbook, or a role does not exist.
    """
    root = infrastructure.resolve()
    folder = root / source
    if not any(folder.glob("*.y*ml")):
        raise InvalidInput(f"{source}: holds no playbook; add playbook.yml, or name another one in ansible.playbook")
    config = configuration(root, folder)
    places = [folder / "roles", *_paths(config, "roles_path")]
    collections = [place / "ansible_collections" for place in _collections_paths(config, folder)]
    reading = Reading(root, folder, lambda name: _roles(name, places, collections, source))
    vendored = {file for place in collections for file in files_below(place) if file.is_relative_to(root)}
    own = (file for file in files_below(folder) if file not in vendored)
    reading.follow([*own, *([config] if config else [])])
    return tuple(sorted(str(file.relative_to(root)) for file in reading.found | vendored))


def unit_reads(infrastructure: Path, unit: Unit) -> tuple[str, ...]:
    """Return the files of the unit's inventories, as paths below `infrastructure`."""
    return inventories.read_by(infrastructure, unit)


def faults(infrastructure: Path, unit: Unit) -> Iterator[str]:
    """Yield the problems of a unit that are visible without running Ansible."""
    playbook = AnsibleOptions.model_validate(unit.options).playbook
    folder = infrastructure / unit.source
    if not (folder / playbook).is_file():
        there = ", ".join(sorted(file.name for file in folder.glob("*.y*ml")))
        yield f"there is no {playbook} in it; ansible.playbook names another one of {there or 'its files'}"
    yield from inventories.faults(infrastructure, unit)


def configuration(infrastructure: Path, folder: Path) -> Path | None:
    """Return the nearest ansible.cfg from `folder` up to `infrastructure`; None if there is none."""
    for place in (folder, *folder.parents):
        if (place / CONFIG).is_file():
            return place / CONFIG
        if place == infrastructure:
            return None
    return None


def _collections_paths(config: Path | None, folder: Path) -> list[Path]:
    """Return where Ansible looks for collections: beside the playbook, then in the configuration's folders."""
    return [folder / "collections", *_paths(config, "collections_path"), *_paths(config, "collections_paths")]


def _paths(config: Path | None, key: str) -> list[Path]:
    """Return the paths under a key of the configuration. They are relative to the configuration file."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(config or ())
    configured = parser.get("defaults", key, fallback="")
    return [config.parent / path for path in configured.split(":") if path and config]


def _roles(name: str, places: list[Path], collections: list[Path], source: str) -> list[Path]:
    if "/" in name and "{{" not in name:
        return [path for place in places if (path := (place.parent / name).resolve()).is_dir()][:1]
    there = [role for place in places if place.is_dir() for role in sorted(place.iterdir()) if role.is_dir()]
    if "{{" in name:
        return there
    found = [role for role in there if role.name == name]
    if not found and name.count(".") == 2:
        namespace, collection, role = name.split(".")
        candidates = [place / namespace / collection / "roles" / role for place in collections]
        found = [path.resolve() for path in candidates if path.is_dir()]
    if not found:
        known = ", ".join(sorted(role.name for role in there)) or "none"
        raise InvalidInput(f"{source}: there is no role {name}; roles: {known}{_vendoring(name)}")
    return found[:1]


def _vendoring(name: str) -> str:
    """Return the end of a message that says how to vendor a role from Ansible Galaxy; empty for other names."""
    if name.count(".") == 2:
        collection = name.rpartition(".")[0]
        return f". Vendor it: ansible-galaxy collection install {collection}:VERSION -p collections, and commit that"
    if name.count(".") == 1:
        return f". Vendor it: ansible-galaxy role install {name},VERSION -p roles, and commit that"
    return ""
