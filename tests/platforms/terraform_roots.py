"""A terraform root in a folder, and engines at work on it: one per release, as a promotion makes them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from tasks.domain.outcome import Applied
from tasks.domain.plan import Change, Plan
from tasks.domain.platform import Environment, Roles, Unit
from tasks.domain.release import Inputs, Receipt, Target
from tasks.engines.base import Variables, Workspace
from tasks.engines.terraform.engine import Terraform
from tasks.ledger.history import History
from tasks.processes import Processes
from tasks.releases.releases import Releases
from tasks.settings import Settings
from tests.peers import tofu

EXECUTABLE = tofu.given()
TOOL = PurePath(EXECUTABLE).name
ON_OPENTOFU = TOOL.startswith("tofu")
DEV = Environment("dev", "222222222222", "eu-west-1", Roles("", ""))
UNIT = Unit("first", "terraform", "terraform/dev/first", ("dev",))

BACKEND = """
terraform {{
  backend "local" {{ path = "{state}" }}
}}
"""
PAINT = """
resource "terraform_data" "paint" {{ input = "{colour}" }}
output "colour" {{ value = terraform_data.paint.output }}
"""


def no_variables() -> Mapping[str, str]:
    """A root without a cloud needs no credentials."""
    return {}


@dataclass
class Root:
    """One unit's root: `release` checks out a version of its code, all of them share one state."""

    folder: Path
    unit: Unit = UNIT
    variables: Variables = no_variables
    processes: Callable[[], Processes] = Processes
    _releases: list[str] = field(default_factory=list)

    @property
    def state_file(self) -> Path:
        return self.folder / "dev-first.tfstate"

    @property
    def state(self) -> dict[str, Any]:
        """The state as it is saved."""
        found: dict[str, Any] = json.loads(self.state_file.read_text())
        return found

    def release(self, code: str, backend: str = BACKEND, **changes: Any) -> Workspace:
        """A checkout of this code, and the workspace that an engine gets for it."""
        release = f"r{len(self._releases)}"
        self._releases.append(release)
        unit = replace(self.unit, **changes)
        infrastructure = self.folder / release / "infrastructure"
        source = infrastructure / unit.source
        source.mkdir(parents=True)
        (source / "main.tf").write_text(backend.format(state=self.state_file) + code)
        return self.at(infrastructure, unit, release)

    def at(self, infrastructure: Path, unit: Unit, release: str) -> Workspace:
        """The workspace that an engine gets for a unit of a release in that folder."""
        return Workspace(
            target=Target(release, "dev", unit.name),
            infrastructure=infrastructure,
            unit=unit,
            environment=DEV,
            unit_digest=release,
            reading=self.variables,
            writing=self.variables,
            processes=self.processes(),
            platform="flowmart",
            executable=EXECUTABLE,
        )

    def painted(self, colour: str) -> Workspace:
        """A release that gives its one object a colour."""
        return self.release(PAINT.format(colour=colour))


def planned(workspace: Workspace) -> Plan:
    """The forward plan of a workspace."""
    return Terraform(workspace).plan(Inputs(workspace.unit.inputs))


def applied(workspace: Workspace) -> Applied:
    """A plan of the workspace, applied by another engine, as another step would."""
    plan = planned(workspace)
    return Terraform(workspace).apply(plan)


def colour_in(state: Path) -> str | None:
    """The output `colour` of a state file; None where there is no state, or nothing in it."""
    outputs = json.loads(state.read_text())["outputs"] if state.exists() else {}
    return outputs["colour"]["value"] if outputs else None


def receipt(workspace: Workspace, outputs: Mapping[str, Any] | None = None) -> Receipt:
    """What the ledger would hold of a good apply."""
    return Receipt("x", workspace.target, workspace.unit_digest, "", "", outputs or {}, "")


def settled(workspace: Workspace) -> tuple[Workspace, tuple[Change, ...]]:
    """The workspace as it is handed out after a good apply was settled, and what was left."""
    residual = Terraform(workspace).settle(receipt(workspace))
    return replace(workspace, receipt=receipt(workspace)), residual


def released(folder: Path, files: dict[str, str]) -> tuple[Releases, str]:
    """The releases of a store, and the id of one that is made of a repository with these files."""
    repository = folder / "repository"
    for name, text in files.items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(text)
    identity = ("-c", "user.name=tester", "-c", "user.email=tester@flowmart.example")
    for arguments in (("init", "--quiet"), ("add", "--all"), (*identity, "commit", "--quiet", "-m", "all of it")):
        subprocess.run(["git", "-C", str(repository), *arguments], check=True)
    releases = History(Settings(repository=repository, store=str(folder / "store"), actor="tester")).releases
    return releases, releases.create(repository, "HEAD", "tester").id
