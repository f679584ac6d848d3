"""Which files a playbook reads: its own folder, its roles, their configuration, and whatever paths lead to.

A unit's source is a folder with a playbook, and with `remove.yml` where the first release can be taken back.
Roles and collections are where the nearest ansible.cfg upwards says, or beside the playbook; what is installed on the
machine only is in no release, and refused. Vendored collections count as a whole. A name that is only known when the
playbook runs counts for all.
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
    """What the engine itself takes; which variables a playbook knows, only Ansible can tell."""
    return Interface(
        accepts={"hosts": "map", "user": "string", "variables": "map"},
        gives={"hosts": "map", "addresses": "string"},
    )


def reads(infrastructure: Path, source: str) -> tuple[str, ...]:
    """Paths, relative to `infrastructure`, of all files that the playbooks in `source` read; sorted."""
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
    """Paths, relative to `infrastructure`, of what the unit's options name."""
    return inventories.read_by(infrastructure, unit)


def faults(infrastructure: Path, unit: Unit) -> Iterator[str]:
    """What is wrong with a unit, seen without running Ansible."""
    playbook = AnsibleOptions.model_validate(unit.options).playbook
    folder = infrastructure / unit.source
    if not (folder / playbook).is_file():
        there = ", ".join(sorted(file.name for file in folder.glob("*.y*ml")))
        yield f"there is no {playbook} in it; ansible.playbook names another one of {there or 'its files'}"
    yield from inventories.faults(infrastructure, unit)


def configuration(infrastructure: Path, folder: Path) -> Path | None:
    """The nearest ansible.cfg from `folder` upwards, not above `infrastructure`; None when there is none."""
    for place in (folder, *folder.parents):
        if (place / CONFIG).is_file():
            return place / CONFIG
        if place == infrastructure:
            return None
    return None


def _collections_paths(config: Path | None, folder: Path) -> list[Path]:
    """Where Ansible looks for collections: beside the playbook, then where the configuration says."""
    return [folder / "collections", *_paths(config, "collections_path"), *_paths(config, "collections_paths")]


def _paths(config: Path | None, key: str) -> list[Path]:
    """The paths under a key of the configuration; they are relative to itself."""
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
    """How a role of somebody else's gets into a release, by how it is named; empty for a name of one's own."""
    if name.count(".") == 2:
        collection = name.rpartition(".")[0]
        return f". Vendor it: ansible-galaxy collection install {collection}:VERSION -p collections, and commit that"
    if name.count(".") == 1:
        return f". Vendor it: ansible-galaxy role install {name},VERSION -p roles, and commit that"
    return ""
