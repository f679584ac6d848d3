"""What may be written in `terragrunt`: a Terragrunt repository, and what is different for some of its units."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tasks.manifest.declared.units import DeclaredPiece
from tasks.manifest.notation import Declared, RoleArn, Slug, Text

Parity = Literal["required", "warn"]
"""Whether a unit must be the same in all environments, but for their own layer."""


class DeclaredIamRoles(Declared):
    """What stands for `iam_role` of a Terragrunt unit."""

    plan: RoleArn = Field(description="ARN of the role that only reads: to plan and to look for drift.")
    apply: RoleArn = Field(description="ARN of the role that writes: to apply and to roll back.")


class DeclaredTerragruntUnit(DeclaredPiece):
    """What is different for one unit that Terragrunt finds."""

    name: Slug | None = Field(
        default=None, description="What the unit is called. None: its path, with - in place of what no name may hold."
    )
    parity: Parity | None = Field(default=None, description="The same as that of all units, for this one.")
    iam_roles: DeclaredIamRoles | None = Field(default=None, description="Other roles than those of all units.")


class DeclaredTerragrunt(Declared):
    """A Terragrunt repository: every unit that Terragrunt finds in it is a unit of the platform."""

    root: Text = Field(
        description="The folder of an environment's units, relative to the folder of platform.yaml. "
        "May contain {environment}, {platform}, {account}, {region} and {values.NAME}."
    )
    environments: tuple[Text, ...] | None = Field(
        default=None, description="The environments that have such a folder. None: all."
    )
    units: dict[Text, DeclaredTerragruntUnit] = Field(
        default_factory=dict, description="What is different for a unit, by its path below `root`."
    )
    parity: Parity = Field(
        default="required",
        description="required: a unit is applied only with the modules and shared files that it has in the "
        "environments before. warn: the plan says what differs.",
    )
    iam_roles: DeclaredIamRoles | None = Field(
        default=None,
        description="The roles in place of iam_role in terragrunt.hcl, assumed with the environment's roles.",
    )
    auth_provider_cmd: Text | None = Field(
        default=None,
        description="A command that prints credentials as JSON, like --auth-provider-cmd. FLOWMART_PURPOSE tells it "
        "whether they are to plan or to apply.",
    )
    binary: Text | None = Field(
        default=None, description="terragrunt or a path. None: what FLOWMART_TERRAGRUNT says."
    )
    terraform: Text | None = Field(
        default=None, description="What it runs: terraform, tofu or a path. None: what FLOWMART_TERRAFORM says."
    )
