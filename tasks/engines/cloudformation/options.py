"""The `cloudformation:` block of a unit."""

from __future__ import annotations

from pydantic import Field

from tasks.engines.base import Options


class CloudFormationOptions(Options):
    """Which files a unit is made of, where they do not have the default names."""

    template: str = Field(
        default="",
        pattern=r"^[^/{}]*$",
        description="The template, a file of the source folder. Empty: template.yaml, template.yml, template.json or "
        "template.template, or the only template there.",
    )
    parameters: str | tuple[str, ...] = Field(
        default=(),
        description=(
            "Files of parameters, as paths from the source folder; later ones win. None: parameters/{environment}, "
            "with the ending .yaml, .yml or .json."
        ),
    )
    imports: str = Field(
        default="",
        description=(
            "The file of resources that exist already and become part of the stack: a path from the source folder. "
            "Empty: imports/{environment}, with the ending .yaml, .yml or .json, where there is one."
        ),
    )
    import_existing: bool = Field(
        default=False,
        description=(
            "Whether resources that exist already under a name that is written in the template become part of the "
            "stack, instead of failing. Only those with DeletionPolicy Retain or RetainExceptOnCreate."
        ),
    )

    @property
    def parameter_files(self) -> tuple[str, ...]:
        """The files of parameters that are named, in order."""
        return (self.parameters,) if isinstance(self.parameters, str) else self.parameters
