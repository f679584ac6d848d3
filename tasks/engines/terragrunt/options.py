"""What the block `terragrunt:` of platform.yaml sets for the units of a Terragrunt repository."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictStr

from tasks.engines.base import Options

Text = Annotated[StrictStr, Field(min_length=1)]


class IamRoles(Options):
    """The roles in place of `iam_role`."""

    plan: Text = Field(description="ARN of the role that plans, and reads states and outputs.")
    apply: Text = Field(description="ARN of the role that applies and rolls back.")


class TerragruntOptions(Options):
    """How one unit is planned and applied."""

    parity: Literal["required", "warn"] = Field(
        default="required", description="Whether a plan may differ from the environments before in what all share."
    )
    iam_roles: IamRoles | None = Field(
        default=None, description="The roles in place of iam_role, assumed with those of the environment."
    )
    auth_provider_cmd: str = Field(
        default="", description="A command that prints credentials as --auth-provider-cmd does, run in the unit."
    )
    binary: Text | None = Field(
        default=None, description="terragrunt or a path. None: what FLOWMART_TERRAGRUNT says."
    )
    terraform: Text | None = Field(
        default=None, description="What it runs: terraform, tofu or a path. None: what FLOWMART_TERRAFORM says."
    )
