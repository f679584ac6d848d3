"""The `packer:` block of a unit."""

from __future__ import annotations

from pydantic import Field

from tasks.engines.base import Options


class PackerOptions(Options):
    """Which image of a template a unit is, where the template builds several."""

    only: str = Field(
        default="",
        pattern=r"^[^{}]*$",
        description="The source that is built, as Packer's -only has it: amazon-ebs.arm, or web.amazon-ebs.arm.",
    )
