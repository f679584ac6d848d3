"""A platform of one environment with one unit: a playbook with one role, and the collections that it needs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.platforms.mini import MiniPlatform
from tests.public_roles.sources import PublicRole

ENVIRONMENT = "dev"
UNIT = "public"
_NOT_NEEDED = (".git", ".github", "molecule", "tests", "docs", "changelogs")


class PublicPlatform(MiniPlatform):
    """The platform in a repository of its own, with a store of its own."""

    def __init__(self, folder: Path, role: PublicRole, clones: Path) -> None:
        super().__init__(folder)
        self.role = role
        self.missing = [name for name in (role.repository, *role.collections) if not (clones / name).is_dir()]
        if self.missing:
            return
        infrastructure = self.repository / "infrastructure"
        shutil.rmtree(infrastructure)
        self.write("platform.yaml", yaml.safe_dump(_platform()))
        self.write(f"{UNIT}/playbook.yml", yaml.safe_dump([{"hosts": "all", "become": True, "roles": [role.name]}]))
        _vendor(clones / role.repository, infrastructure / UNIT / "roles" / role.name)
        for repository in role.collections:
            namespace, name = repository.rpartition("/")[2].split(".")
            place = infrastructure / UNIT / "collections" / "ansible_collections" / namespace / name
            _vendor(clones / repository, place)

    def version(self, number: int) -> str:
        """A release with the role's values, of which the second one changes some; its id."""
        values: Mapping[str, Any] = {**self.role.values, **(self.role.changed if number > 1 else {})}
        self.write(f"{UNIT}/group_vars/all.yml", yaml.safe_dump(dict(values)))
        return self.release(f"version {number}").id


def _vendor(source: Path, to: Path) -> None:
    shutil.copytree(source, to, ignore=shutil.ignore_patterns(*_NOT_NEEDED), symlinks=True)


def _platform() -> dict[str, Any]:
    declared = {"engine": "ansible", "source": UNIT, "environments": [ENVIRONMENT], "time_limit": "20m"}
    return {
        "platform": "flowmart",
        "environments": {ENVIRONMENT: {}},
        "units": {UNIT: {**declared, "inputs": {"hosts": {"host": "10.0.0.1"}}}},
    }
