"""Which files a playbook reads: its own folder, its roles, their configuration, and whatever paths lead to.

A unit's source is a folder with `playbook.yml`, and with `remove.yml` where the first release can be taken back.
Roles are where the nearest ansible.cfg upwards says. A name that is only known when the playbook runs counts for all.
"""

from __future__ import annotations

import configparser
from pathlib import Path

from tasks.domain.errors import InvalidInput
from tasks.engines.base import Interface
from tasks.engines.playbooks import Reading, files_below

PLAYBOOK, REMOVAL = "playbook.yml", "remove.yml"
CONFIG = "ansible.cfg"


def interface(_: Path, __: str) -> Interface:
    """What the engine itself takes; which variables a playbook knows, only Ansible can tell."""
    return Interface(
        accepts={"hosts": "map", "user": "string", "variables": "map"},
        required=frozenset({"hosts"}),
        gives={"hosts": "map", "addresses": "string"},
    )


def reads(infrastructure: Path, source: str) -> tuple[str, ...]:
    """Paths, relative to `infrastructure`, of all files that the playbooks in `source` read; sorted."""
    root = infrastructure.resolve()
    folder = root / source
    if not (folder / PLAYBOOK).is_file():
        raise InvalidInput(f"{source}: holds no {PLAYBOOK}: a unit of Ansible's is a folder with that file")
    config = configuration(root, folder)
    places = _roles_paths(config, folder)
    reading = Reading(root, folder, lambda name: _roles(name, places, source))
    reading.follow([*files_below(folder), *([config] if config else [])])
    return tuple(sorted(str(file.relative_to(root)) for file in reading.found))


def configuration(infrastructure: Path, folder: Path) -> Path | None:
    """The nearest ansible.cfg from `folder` upwards, not above `infrastructure`; None when there is none."""
    for place in (folder, *folder.parents):
        if (place / CONFIG).is_file():
            return place / CONFIG
        if place == infrastructure:
            return None
    return None


def _roles_paths(config: Path | None, folder: Path) -> list[Path]:
    """As Ansible looks for them: beside the playbook, then where the configuration says (relative to itself)."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(config or ())
    configured = parser.get("defaults", "roles_path", fallback="")
    return [folder / "roles", *(config.parent / path for path in configured.split(":") if path and config)]


def _roles(name: str, places: list[Path], source: str) -> list[Path]:
    if "/" in name and "{{" not in name:
        return [path for place in places if (path := (place.parent / name).resolve()).is_dir()][:1]
    there = [role for place in places if place.is_dir() for role in sorted(place.iterdir()) if role.is_dir()]
    if "{{" in name:
        return there
    found = [role for role in there if role.name == name]
    if not found:
        known = ", ".join(sorted(role.name for role in there)) or "none"
        raise InvalidInput(f"{source}: there is no role {name}; roles: {known}")
    return found[:1]
