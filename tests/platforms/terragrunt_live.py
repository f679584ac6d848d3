"""A live Terragrunt repository as many have it: three environments, two regions, a stack in a stack, a remote module.

infrastructure/
  platform.yaml
  live/root.hcl  live/_common/db.hcl
  live/environments/ENV/env.hcl
  live/environments/ENV/eu-west-1/region.hcl  vpc/ db/ app/ edge/ audit/ terragrunt.stack.hcl
live/environments/ENV/us-east-1/region.hcl  vpc/
  modules/  catalog/
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tasks.engines.base import Workspace
from tasks.engines.terragrunt.made_units import Made
from tasks.engines.terragrunt.preparation import Preparation
from tasks.promotion import operations
from tasks.promotion.environment_run import opened
from tasks.promotion.executor import LocalExecutor
from tasks.promotion.runtime import Runtime
from tasks.settings import Settings
from tests.doubles.memory_store import MemoryStore
from tests.unit.promotion.fakes import NoAccess

ENVIRONMENTS = ("dev", "staging", "production")

POLICY = """
package flowmart.names

import rego.v1

deny contains {"address": change.address, "message": "nothing may be called forbidden"} if {
    some change in input.changes
    endswith(change.address, ".forbidden")
}
"""
PLATFORM = """
platform: shop
environments:
  dev: {}
  staging: {after: dev}
  production: {after: staging}
terragrunt:
  root: live/environments/{environment}
  units:
    eu-west-1/db: {protected: true, time_limit: 5m}
    eu-west-1/app:
      checks:
        - {name: port, kind: output, output: port, equals: 8080}
"""
SMALL = """
platform: shop
environments: {dev: {}, staging: {after: dev}}
terragrunt: {root: "live/environments/{environment}"}
"""
ROOT = """
locals {
  env    = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals.env
  region = read_terragrunt_config(find_in_parent_folders("region.hcl")).locals.region
}
remote_state {
  backend  = "local"
  generate = { path = "backend.tf", if_exists = "overwrite" }
  config   = { path = "STATES/${path_relative_to_include()}/terraform.tfstate" }
}
inputs = { name = "${local.env}-${local.region}" }
"""
INCLUDE = 'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\n'
VPC = """
terraform {
  source = "${dirname(find_in_parent_folders("root.hcl"))}/../modules//vpc"
}
"""
COMMON_DB = """
terraform {
  source = "${dirname(find_in_parent_folders("root.hcl"))}/../modules//database"
}
"""
DB = """
include "common" {
  path = "${dirname(find_in_parent_folders("root.hcl"))}/_common/db.hcl"
}
dependency "vpc" {
  config_path  = "../vpc"
  mock_outputs = { id = "mock-vpc" }
}
inputs = { network = dependency.vpc.outputs.id }
"""
APP = """
terraform {
  source = "git::file://REMOTE//app?ref=v1.0.0"
  before_hook "hello" {
    commands = ["plan"]
    execute  = ["echo", "hello from a hook"]
  }
}
dependency "db" {
  config_path                             = "../db"
  mock_outputs                            = { endpoint = "mock.db.internal" }
  mock_outputs_allowed_terraform_commands = ["plan"]
}
dependency "vpc" {
  config_path = "../vpc"
}
inputs = {
  database = dependency.db.outputs.endpoint
  port     = 8080
}
"""
EDGE = """
terraform {
  source = "../../../../../modules//edge"
}
dependencies {
  paths = ["../app"]
}
"""
AUDIT = """
terraform {
  source = "../../../../../modules//edge"
}
exclude {
  if      = true
  actions = ["all_except_output"]
}
"""
STACK = """
stack "web" {
  source = "../../../../catalog/stacks/web"
  path   = "web"
  values = { size = 2 }
}
"""
CATALOG = {
    "stacks/web/terragrunt.stack.hcl": """
unit "bucket" {
  source = "../../../../../../catalog/units/bucket"
  path   = "bucket"
  values = { size = values.size }
}
""",
    "units/bucket/terragrunt.hcl": f"""{INCLUDE}
terraform {{
  source = "${{dirname(find_in_parent_folders("root.hcl"))}}/../modules//edge"
}}
inputs = {{ name = "bucket-${{values.size}}" }}
""",
}
MODULES = {
    "vpc": """
variable "name" { type = string }
resource "terraform_data" "vpc" { input = var.name }
output "id" { value = "vpc-${terraform_data.vpc.output}" }
""",
    "database": """
variable "name" { type = string }
variable "network" { type = string }
resource "terraform_data" "database" { input = "${var.name}/${var.network}" }
output "endpoint" { value = "${terraform_data.database.output}.db" }
output "password" {
  value     = "not-for-${var.name}"
  sensitive = true
}
""",
    "edge": """
variable "name" { type = string }
resource "terraform_data" "edge" { input = var.name }
output "name" { value = terraform_data.edge.output }
""",
}
REMOTE = """
variable "name" { type = string }
variable "database" { type = string }
variable "port" { type = number }
resource "terraform_data" "app" { input = "${var.database}:${var.port}" }
output "port" { value = var.port }
output "database" { value = var.database }
"""


class Live:
    """A repository with releases to make of it. States are in a folder outside of it."""

    def __init__(self, folder: Path) -> None:
        self.repository, self.states, self.remote = folder / "repository", folder / "states", folder / "remote"
        self.infrastructure = self.repository / "infrastructure"
        self.store = MemoryStore()
        self.tag("v1.0.0", REMOTE)
        self.write("platform.yaml", PLATFORM)
        self.write("policies/names.rego", POLICY)
        self.write("live/root.hcl", ROOT.replace("STATES", str(self.states)))
        self.write("live/_common/db.hcl", COMMON_DB)
        for name, module in MODULES.items():
            self.write(f"modules/{name}/main.tf", module)
        for path, content in CATALOG.items():
            self.write(f"catalog/{path}", content)
        for environment in ENVIRONMENTS:
            self._environment(f"live/environments/{environment}", environment)
        _git(self.repository, "init", "--quiet", "--initial-branch=main")
        self.commit("The shop")

    def write(self, path: str, content: str) -> None:
        """A file below infrastructure/."""
        place = self.infrastructure / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)

    def change(self, path: str, old: str, new: str) -> None:
        """Another text in a file below infrastructure/."""
        content = (self.infrastructure / path).read_text()
        assert old in content
        self.write(path, content.replace(old, new))

    def commit(self, subject: str) -> None:
        """Commit all that is there."""
        _git(self.repository, "add", "--all")
        _git(self.repository, "commit", "--quiet", "--allow-empty", "-m", subject)

    def tag(self, name: str, module: str) -> None:
        """Another version of the remote module `app`, at a tag that may be there already."""
        (self.remote / "app").mkdir(parents=True, exist_ok=True)
        _git(self.remote, "init", "--quiet", "--initial-branch=main")
        (self.remote / "app/main.tf").write_text(module)
        _git(self.remote, "add", "--all")
        _git(self.remote, "commit", "--quiet", "--allow-empty", "-m", name)
        _git(self.remote, "tag", "--force", name)

    @property
    def runtime(self) -> Runtime:
        """What promotions of it run with."""
        settings = Settings(platform="shop", actor="tester", parallelism=2, repository=self.repository)
        return Runtime(settings, self.store, NoAccess())

    def release(self) -> str:
        """The release of the newest commit."""
        return self.runtime.releases().create(self.repository, "HEAD", "tester").id

    def promote(self, release: str, environment: str = "dev") -> None:
        """Promote a release; raises what a person would be told."""
        assert operations.promote(self.runtime, LocalExecutor(4), release, environment) is None

    def reduce(self, units: Mapping[str, str]) -> None:
        """Leave dev and staging, and nothing but these units in their first region: {name: configuration}."""
        self.write("platform.yaml", SMALL)
        shutil.rmtree(self.infrastructure / "live/environments/production")
        for environment in ("dev", "staging"):
            root = f"live/environments/{environment}"
            shutil.rmtree(self.infrastructure / root / "us-east-1")
            for left in [each for each in (self.infrastructure / root / "eu-west-1").iterdir() if each.is_dir()]:
                shutil.rmtree(left)
            (self.infrastructure / root / "eu-west-1/terragrunt.stack.hcl").unlink()
            for name, configuration in units.items():
                self.write(f"{root}/eu-west-1/{name}/terragrunt.hcl", f"{INCLUDE}{configuration}")
        self.commit("Less")

    def made(self, release: str, unit: str, environment: str = "dev") -> tuple[Workspace, Made]:
        """A unit that is ready for a plan, in a checkout that stays."""
        with opened(self.runtime, release, environment) as run:
            workspace = run.workspace(run.target(unit))
            kept = self.repository.parent / f"checkout-{release}-{environment}"
            if not kept.exists():
                shutil.copytree(workspace.infrastructure, kept / "infrastructure")
        workspace = replace(workspace, infrastructure=kept / "infrastructure")
        return workspace, Preparation(workspace).made(workspace.inputs)

    def outputs(self, unit: str, environment: str = "dev") -> Mapping[str, Any]:
        """What is applied of a unit, by the state that it left."""
        (state,) = self.states.glob(f"environments/{environment}/{unit}/terraform.tfstate")
        return {name: each["value"] for name, each in json.loads(state.read_text())["outputs"].items()}

    def _environment(self, root: str, name: str) -> None:
        self.write(f"{root}/env.hcl", f'locals {{\n  env = "{name}"\n}}\n')
        app = APP.replace("REMOTE", str(self.remote))
        regions = {
            "eu-west-1": {"vpc": VPC, "db": DB, "app": app, "edge": EDGE, "audit": AUDIT},
            "us-east-1": {"vpc": VPC},
        }
        self.write(f"{root}/eu-west-1/terragrunt.stack.hcl", STACK)
        for region, units in regions.items():
            self.write(f"{root}/{region}/region.hcl", f'locals {{\n  region = "{region}"\n}}\n')
            for unit, content in units.items():
                self.write(f"{root}/{region}/{unit}/terragrunt.hcl", f"{INCLUDE}{content}")


def _git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=Anna", "-c", "user.email=anna@flowmart.example", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True, timeout=60)
