"""`python -m tests.bench.terragrunt [100 ...]`: what the units of a Terragrunt repository cost beside `run --all`.

All units are one module with a real provider, states are on this disk, and four are worked on at once. Seconds
of CPU are printed beside those of the clock: on a busy machine only the former can be compared. How often Terragrunt
and Terraform were started is counted. What a first plan costs more than Terragrunt's is `terraform show -json` of
every plan, which starts the provider once more, about a third of a bare plan: policies and masks need its values.

    first plan         every unit is planned, from a fresh checkout      terragrunt run --all plan, nothing cached
    drift              every unit is planned and compared                the same, again nothing cached
    nothing changed    what the release holds decides                    the same
    one unit changed   one is planned, applied, checked and settled      the same
"""

from __future__ import annotations

import logging
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which

import structlog

from deployments.peers.providers import PROVIDERS
from tasks.drift import compare
from tasks.engines.terragrunt import commands
from tasks.promotion import operations, promotion
from tasks.promotion.environment_run import opened
from tasks.promotion.executor import LocalExecutor
from tasks.promotion.runtime import Runtime
from tasks.settings import Settings
from tests.bench.costs import cpu_seconds
from tests.doubles.memory_store import MemoryStore
from tests.peers import real_providers
from tests.peers.terragrunts import PROGRAM
from tests.unit.promotion.fakes import NoAccess

SIZES = (100,)
_TIME = next(provider for provider in PROVIDERS if provider.name == "time")
AT_ONCE = 4
PLATFORM = """
platform: bench
environments: {dev: {}}
terragrunt: {root: "live/{environment}"}
"""
ROOT = """
remote_state {
  backend  = "local"
  generate = { path = "backend.tf", if_exists = "overwrite" }
  config   = { path = "STATES/${path_relative_to_include()}/terraform.tfstate" }
}
"""
UNIT = """
include "root" {
  path = find_in_parent_folders("root.hcl")
}
terraform {
  source = "../../../modules//unit"
}
inputs = { name = "NAME" }
"""
COUNTED = """#!/bin/sh
echo >>{log}
exec {program} "$@"
"""
MODULE = """
terraform {
  required_providers {
    time = { source = "hashicorp/time", version = "VERSION" }
  }
}
variable "name" { type = string }
resource "time_static" "this" { triggers = { name = var.name } }
output "name" { value = time_static.this.triggers.name }
"""


@dataclass(frozen=True)
class Cost:
    """Seconds, by the clock and of the CPU, of this process and those that it ran; what was started."""

    clock: float
    cpu: float
    terragrunts: int
    terraforms: int


class Repository:
    """The repository, releases of it, and what Terragrunt alone does with it."""

    def __init__(self, folder: Path, units: int) -> None:
        self._counts = folder
        for name, program in (("terragrunt", PROGRAM), ("terraform", which("terraform"))):
            counted = folder / name
            counted.write_text(COUNTED.format(log=folder / f"{name}.log", program=program))
            counted.chmod(0o755)
        self.terragrunt, self.terraform = str(folder / "terragrunt"), str(folder / "terraform")
        self.folder, self.infrastructure = folder / "repository", folder / "repository/infrastructure"
        settings = Settings(platform="bench", actor="bench", parallelism=AT_ONCE, repository=self.folder)
        self.runtime = Runtime(settings, MemoryStore(), NoAccess())
        self.executor = LocalExecutor(AT_ONCE)
        self.write("platform.yaml", PLATFORM)
        self.write("live/root.hcl", ROOT.replace("STATES", str(folder / "states")))
        self.write("modules/unit/main.tf", MODULE.replace("VERSION", _TIME.version))
        for number in range(units):
            self.write(f"live/dev/unit-{number:03}/terragrunt.hcl", UNIT.replace("NAME", f"unit {number}"))
        self._git("init", "--quiet")

    def write(self, path: str, content: str) -> None:
        """A file below infrastructure/."""
        place = self.infrastructure / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)

    def release(self) -> str:
        """A release of what is there."""
        self._git("add", "--all")
        self._git("-c", "user.name=b", "-c", "user.email=b@flowmart.example", "commit", "--quiet", "-m", "Bench")
        return self.runtime.releases().create(self.folder, "HEAD", "bench").id

    def alone(self) -> None:
        """Plan all units with Terragrunt, from a copy with nothing cached."""
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            shutil.copytree(self.infrastructure, Path(name) / "infrastructure")
            variables = commands.variables(self.terraform, Path(name) / "downloads")
            command = [self.terragrunt, "run", "--all", "--parallelism", str(AT_ONCE), "--", "plan", "-input=false"]
            folder = Path(name) / "infrastructure/live/dev"
            done = subprocess.run(
                command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True
            )
        if done.returncode != 0:
            sys.exit(done.stderr)

    def plan(self, release: str) -> None:
        """Plan and test all units."""
        with opened(self.runtime, release, "dev") as run:
            planned, tested = promotion.plan_and_test(run, self.executor)
            for step in (*planned.values(), *tested.values()):
                step.result()

    def promote(self, release: str) -> None:
        """Promote the release to dev."""
        operations.promote(self.runtime, self.executor, release, "dev")

    def drift(self, release: str) -> None:
        """Look for drift in dev."""
        with opened(self.runtime, release, "dev") as run:
            report, _ = compare(run, self.executor)
        if report.drifted:
            sys.exit(f"drift where nobody did anything: {report.drifted}")

    def cost(self, what: Callable[[], object]) -> Cost:
        """What calling it costs."""
        logs = [self._counts / f"{name}.log" for name in ("terragrunt", "terraform")]
        for log in logs:
            log.write_text("")
        began, used = time.monotonic(), _used()
        what()
        clock, cpu = time.monotonic() - began, _used() - used
        return Cost(clock, cpu, *(len(log.read_text().splitlines()) for log in logs))

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.folder, check=True)


def main(sizes: Sequence[int] = SIZES) -> None:
    """Measure each size, and print one figure a line."""
    if not (PROGRAM and real_providers.MIRROR):
        print("not run: units of Terragrunt, since that takes make peers-terragrunt peers-providers")
        return
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    for units in sizes:
        with tempfile.TemporaryDirectory(prefix="flowmart-bench-") as folder:
            _measure(Path(folder), units)


def _measure(folder: Path, units: int) -> None:
    configuration = folder / "mirror.tfrc"
    mirror = f'filesystem_mirror {{\n    path = "{real_providers.MIRROR}"\n  }}'
    configuration.write_text(f"provider_installation {{\n  {mirror}\n}}\n")
    repository = Repository(folder, units)
    os.environ["TF_CLI_CONFIG_FILE"] = str(configuration)
    os.environ["FLOWMART_TERRAGRUNT"], os.environ["FLOWMART_TERRAFORM"] = repository.terragrunt, repository.terraform
    made = repository.cost(repository.release)
    release = repository.runtime.releases().known()[0]
    alone = repository.cost(repository.alone)
    print(f"{f'{units} units':26}     clock       CPU   terragrunt  terraform   ratio: clock, CPU")
    _told("terragrunt run --all plan", alone)
    _told("release", made, alone)
    _told("first plan", repository.cost(lambda: repository.plan(release)), alone)
    _told("promotion", repository.cost(lambda: repository.promote(release)), alone)
    _told("drift", repository.cost(lambda: repository.drift(release)), repository.cost(repository.alone))
    _told("nothing changed", repository.cost(lambda: repository.promote(release)), alone)
    repository.write("live/dev/unit-000/terragrunt.hcl", UNIT.replace("NAME", "another name"))
    changed = repository.release()
    _told("one unit changed", repository.cost(lambda: repository.promote(changed)), alone)


def _told(what: str, cost: Cost, alone: Cost | None = None) -> None:
    ratio = f"{cost.clock / alone.clock:.2f}, {cost.cpu / alone.cpu:.2f}" if alone else ""
    figures = f"{cost.clock:7.1f} s {cost.cpu:7.1f} s {cost.terragrunts:12} {cost.terraforms:10}"
    print(f"{what:26} {figures}   {ratio}", flush=True)


def _used() -> float:
    return cpu_seconds(resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


if __name__ == "__main__":
    main([*map(int, sys.argv[1:])] or SIZES)
