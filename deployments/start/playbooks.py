"""Finds the playbook of a unit and the inventories with its hosts, in folders of Ansible's.

Of several playbooks, it chooses the one that people run as a whole: playbook.yml, site.yml or main.yml. Inventories
are searched in the usual places, beside the playbook or one folder above. These are folders such as `inventories` or
`environments` with a folder or a file per environment. Otherwise ansible.cfg may name one, or a file of hosts is
beside the playbook.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from deployments.start import environment_names
from tasks import yaml12

WHOLE = ("playbook.yml", "playbook.yaml", "site.yml", "site.yaml", "main.yml", "main.yaml")
"""Names of the playbook that is run as a whole, likeliest first."""

_FOLDERS = ("inventories", "inventory", "environments", "envs", "hosts")
_FILES = ("hosts", "hosts.ini", "hosts.yml", "hosts.yaml", "inventory", "inventory.ini", "inventory.yml")
_SUFFIXES = ("", ".ini", ".yml", ".yaml", ".cfg")


@dataclass(frozen=True)
class Inventories:
    """The location of hosts. `path` is relative to the playbook's folder; `{environment}` in it stands for each.

    `environments` are those with an inventory; empty if there is a single inventory.
    """

    path: str = ""
    environments: tuple[str, ...] = ()


def in_folder(folder: Path) -> list[Path]:
    """Return a folder's playbooks; the unit's comes first if it is run as a whole or is the only one."""
    found = [file for file in sorted(folder.glob("*.y*ml")) if _is_playbook(file)]
    named = [folder / name for name in WHOLE if folder / name in found]
    return [*named[:1], *(file for file in found if file not in named[:1])]


def is_whole(file: Path, others: Sequence[Path]) -> bool:
    """Tell whether a playbook is the main one of its folder."""
    return file.name in WHOLE or not others


def inventories(root: Path, folder: Path) -> Inventories:
    """Return the inventories for the playbooks in a folder; empty if there are none."""
    places = [place for place in (folder, folder.parent) if place.is_relative_to(root)]
    for place in (place / name for place in places for name in _FOLDERS):
        if place.is_dir() and (found := _by_environment(place, folder)).environments:
            return found
    candidates = (*_configured(root, folder), *(folder / name for name in _FILES))
    single = next((file for file in candidates if file.exists()), None)
    return Inventories(os.path.relpath(single, folder)) if single else Inventories()


def _by_environment(place: Path, folder: Path) -> Inventories:
    """Find one folder or file per environment, all of one kind, so that one pattern matches them."""
    children = [child for child in sorted(place.iterdir()) if child.is_dir() or child.suffix in _SUFFIXES]
    named = {child.stem: child for child in children if environment_names.is_known(child.stem)}
    kinds = {(child.is_dir(), child.suffix) for child in named.values()}
    if len(kinds) != 1:
        return Inventories()
    suffix = kinds.pop()[1]
    inside = {_hosts_in(child) for child in named.values()}
    below = inside.pop() if len(inside) == 1 else ""
    path = "/".join(filter(None, (os.path.relpath(place, folder), f"{{environment}}{suffix}", below)))
    return Inventories(path, tuple(named))


def _hosts_in(child: Path) -> str:
    """Return the hosts file in an environment's folder; "" for the whole folder, if a plugin is beside it."""
    if not child.is_dir() or any("plugin:" in file.read_text(errors="replace") for file in child.glob("*.y*ml")):
        return ""
    return next((name for name in _FILES if (child / name).is_file()), "")


def _configured(root: Path, folder: Path) -> Iterator[Path]:
    """Yield the inventory that the nearest ansible.cfg names."""
    for place in (folder, *folder.parents):
        if not place.is_relative_to(root):
            return
        if (place / "ansible.cfg").is_file():
            parser = configparser.ConfigParser(interpolation=None, strict=False)
            parser.read(place / "ansible.cfg")
            if named := parser.get("defaults", "inventory", fallback="").split(",")[0].strip():
                yield Path(os.path.normpath(place / named))
            return


def places(folder: PurePosixPath, found: Inventories) -> list[PurePosixPath]:
    """Return a path per environment with an inventory; its last segment is the environment's name."""
    return [folder / "inventories" / name for name in found.environments]


def _is_playbook(file: Path) -> bool:
    try:
        documents = yaml12.load_all_by(file.read_text(errors="replace"), yaml.SafeLoader)
    except (yaml.YAMLError, OSError):
        return False
    plays = documents[0] if documents else None
    return isinstance(plays, list) and bool(plays) and all(_is_play(play) for play in plays)


def _is_play(play: Any) -> bool:
    return isinstance(play, dict) and ("hosts" in play or any(str(key).endswith("import_playbook") for key in play))
