"""Images for tests: a template that builds in a blink, and one unit of it in two accounts of the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from deployments.sandbox import Sandbox
from tasks import aws
from tasks.domain.outcome import Applied, Outcome
from tasks.domain.plan import Plan
from tasks.domain.platform import Environment, Unit
from tasks.domain.release import Inputs, Receipt, Target
from tasks.engines.base import UnitEngine, Variables, Workspace
from tasks.engines.packer.engine import ENGINE
from tasks.processes import Processes
from tests.peers.tools import tool

SOURCE = "amzn2-ami-hvm-2.0.20180810-x86_64-gp2"
"""An image that the sandbox's AWS has of Amazon's."""

TEMPLATE = """
variable "name" {{ type = string }}
variable "region" {{ type = string }}
variable "accounts" {{ type = list(string) }}
variable "tags" {{ type = map(string) }}
variable "ec2_endpoint" {{ default = "" }}
variable "size" {{
  type    = string
  default = "t3.small"
}}
source "amazon-ebs" "paint" {{
  ami_name               = var.name
  ami_users              = var.accounts
  snapshot_users         = var.accounts
  region                 = var.region
  custom_endpoint_ec2    = var.ec2_endpoint
  skip_region_validation = var.ec2_endpoint != ""
  instance_type          = var.size
  communicator           = "none"
  tags                   = merge(var.tags, {{ Colour = "{colour}" }})
  run_tags               = merge(var.tags, {{ Name = var.name }})
  source_ami_filter {{
    filters     = {{ name = "{source}" }}
    owners      = ["amazon"]
    most_recent = true
  }}
}}
build {{
  sources = ["source.amazon-ebs.paint"]
  provisioner "shell-local" {{ inline = ["{command}"] }}
  post-processor "manifest" {{
    output      = "${{path.root}}/manifest.json"
    custom_data = {{ source_ami = "${{build.SourceAMI}}" }}
  }}
}}
"""
PLUGINS = """
packer {
  required_plugins {
    amazon = { source = "github.com/hashicorp/amazon", version = "~> 1" }
  }
}
"""


def template(colour: str, command: str = "true") -> str:
    """A template whose image is tagged with a colour; `command` is run while it is built."""
    return TEMPLATE.format(colour=colour, command=command, source=SOURCE)


class Painted:
    """One unit of images: its releases in a folder, its receipt in each environment, and its engine."""

    def __init__(self, sandbox: Sandbox, folder: Path, name: str) -> None:
        self.sandbox, self.folder, self.name = sandbox, folder, name
        self.owner, self.user = sandbox.platform.environment("shared"), sandbox.platform.environment("dev")
        self.inputs: dict[str, Any] = {"owner": self.owner.account, "accounts": [self.user.account]}
        self.receipts: dict[str, Receipt] = {}
        self.options: dict[str, Any] = {}
        self.readers: dict[str, Variables] = {}

    def release(self, colour: str, environment: Environment, command: str = "true") -> Target:
        """A release that paints images in a colour."""
        place = self.folder / colour / "infrastructure" / self.name
        place.mkdir(parents=True, exist_ok=True)
        (place / "image.pkr.hcl").write_text(template(colour, command))
        (place / "plugins.pkr.hcl").write_text(PLUGINS)
        return Target(colour, environment.name, self.name)

    def engine(self, target: Target, executable: str = "") -> UnitEngine:
        """The engine of a release's unit in an environment."""
        workspace = self.workspace(target)
        return ENGINE.make(replace(workspace, executable=executable or workspace.executable))

    def workspace(self, target: Target) -> Workspace:
        environment = self.sandbox.platform.environment(target.environment)
        return Workspace(
            target=target,
            infrastructure=self.folder / target.release / "infrastructure",
            unit=Unit(
                self.name,
                "packer",
                self.name,
                ("shared", "dev"),
                inputs=self.inputs,
                time_limit=60,
                options=self.options,
            ),
            environment=environment,
            unit_digest=f"digest of {target.release}",
            reading=as_role(environment, environment.roles.plan),
            writing=as_role(environment, environment.roles.apply),
            receipt=self.receipts.get(environment.name),
            executable=tool("packer"),
            processes=Processes(),
            platform="flowmart",
            readers=self.readers,
            elsewhere=lambda: tuple(r for name, r in self.receipts.items() if name != environment.name),
        )

    def rollback(self, failed: Target, to: Receipt | None) -> Plan:
        """What going back from a failed release would do."""
        plan = self.engine(to.target if to else failed).plan_rollback(self.workspace(failed), to)
        assert plan
        return plan

    def planned(self, target: Target) -> Plan:
        return self.engine(target).plan(Inputs(self.inputs))

    def applied(self, plan: Plan) -> Receipt:
        """The receipt of an apply that succeeded, which is the environment's from now on."""
        return self.received(plan, self.engine(plan.target).apply(plan))

    def promoted(self, target: Target) -> Receipt:
        return self.applied(self.planned(target))

    def received(self, plan: Plan, applied: Applied) -> Receipt:
        assert applied.outcome is Outcome.SUCCEEDED, applied.detail
        digests = (plan.unit_digest, plan.inputs_digest, plan.digest)
        receipt = Receipt("1", plan.target, *digests, applied.outputs, "")
        self.receipts[plan.target.environment] = receipt
        return receipt

    def ec2(self, environment: Environment) -> Any:
        """What somebody may do by hand."""
        return self.sandbox.administrator(environment.name)("ec2")

    def images(self) -> dict[str, Mapping[str, Any]]:
        """The owner's images of the unit, by their colour."""
        pattern = [{"Name": "name", "Values": [f"flowmart-{self.name}-*"]}]
        found = self.ec2(self.owner).describe_images(Owners=[self.owner.account], Filters=pattern)["Images"]
        return {next(t["Value"] for t in image["Tags"] if t["Key"] == "Colour"): image for image in found}


def as_role(environment: Environment, role: str) -> Callable[[], Mapping[str, str]]:
    sessions = aws.RoleSessions("tests")
    return lambda: sessions.assume(role, environment.region).environment()
