"""Which files a playbook reads: its own folder, the roles that it and its roles name, and their configuration.

A unit's source is a folder with `playbook.yml`, and with `remove.yml` where the first release can be taken back.
Roles are where the nearest ansible.cfg upwards says. A name that is only known when the playbook runs counts for all.
"""

from __future__ import annotations

import configparser
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tasks.domain.errors import InvalidInput
from tasks.engines.base import Interface

PLAYBOOK, REMOVAL = "playbook.yml", "remove.yml"
CONFIG = "ansible.cfg"

_INCLUDES = ("import_role", "include_role", "ansible.builtin.import_role", "ansible.builtin.include_role")
_LISTS = ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always")
_CODE = ("tasks", "handlers", "meta")
"""Folders of a role that may name other roles."""


class _Loader(yaml.SafeLoader):
    """Knows that there are Ansible's own tags (!vault, !unsafe), and does not look into them."""


_Loader.add_multi_constructor("!", lambda _, __, ___: None)


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
    found = set(_files(folder)) | ({config} if config else set())
    places = _roles_paths(config, folder)
    waiting = list(_named(folder))
    known: set[Path] = set()
    while waiting:
        for role in _roles(waiting.pop(), places, source):
            if role not in known:
                known.add(role)
                found |= set(_files(role))
                waiting += [name for part in _CODE for name in _named(role / part)]
    return tuple(sorted(str(file.relative_to(root)) for file in found if file.is_relative_to(root)))


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
    told = parser.get("defaults", "roles_path", fallback="")
    return [folder / "roles", *(config.parent / path for path in told.split(":") if path and config)]


def _roles(name: str, places: list[Path], source: str) -> list[Path]:
    there = [role for place in places if place.is_dir() for role in sorted(place.iterdir()) if role.is_dir()]
    if "{{" in name:
        return there
    found = [role for role in there if role.name == name]
    if not found:
        known = ", ".join(sorted(role.name for role in there)) or "none"
        raise InvalidInput(f"{source}: there is no role {name}; roles: {known}")
    return found[:1]


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file() and ".ansible" not in file.parts)


def _named(folder: Path) -> Iterator[str]:
    """The roles that the YAML files directly in `folder` name."""
    for file in sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]):
        try:
            yield from _in(yaml.load(file.read_text(), _Loader))  # noqa: S506 (a SafeLoader, with Ansible's tags)
        except yaml.YAMLError as error:
            raise InvalidInput(f"{file}: is no YAML: {error}") from error


def _in(value: Any) -> Iterator[str]:
    """Roles named anywhere in plays, tasks and blocks."""
    if isinstance(value, list):
        for item in value:
            yield from _in(item)
    if not isinstance(value, Mapping):
        return
    for role in [*(value.get("roles") or ()), *(value.get("dependencies") or ())]:
        yield str(role.get("role") or role.get("name")) if isinstance(role, Mapping) else str(role)
    for key in _INCLUDES:
        if isinstance(value.get(key), Mapping):
            yield str(value[key].get("name", "{{"))
    for key in _LISTS:
        yield from _in(value.get(key))
