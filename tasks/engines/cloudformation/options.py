"""The `cloudformation:` block of a unit."""

from __future__ import annotations

from pydantic import Field

from tasks.engines.base import Options


class CloudFormationOptions(Options):
    """Which files of its folder a unit is made of, where they are not called as usual."""

    template: str = Field(
        default="",
        pattern=r"^[^/{}]*$",
        description="The template, a file of the source folder. Empty: the one that is called so, or the only one.",
    )
    parameters: str | tuple[str, ...] = Field(
        default=(),
        description=(
            "Files of parameters, as paths from the source folder; later ones win. None: parameters/{environment}, "
            "with the ending .yaml, .yml or .json."
        ),
    )

    @property
    def parameter_files(self) -> tuple[str, ...]:
        """The files of parameters that are named, in order."""
        return (self.parameters,) if isinstance(self.parameters, str) else self.parameters
