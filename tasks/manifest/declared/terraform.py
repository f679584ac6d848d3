"""What platform.yaml may say of all Terraform units at once."""

from __future__ import annotations

from pydantic import Field

from tasks.manifest.notation import Declared, Text


class DeclaredTerraform(Declared):
    """The tool of all Terraform units, where a unit does not say otherwise."""

    binary: Text | None = Field(
        default=None, description="terraform, tofu or a path. None: what FLOWMART_TERRAFORM says."
    )
    version: Text | None = Field(
        default=None,
        description='The versions of the tool that may be used, such as ">= 1.10, < 2.0". None: what '
        ".terraform-version, .opentofu-version or .tool-versions say, if there is one.",
    )
