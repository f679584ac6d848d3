"""The `terraform:` block of a unit: how its root is used. Paths are relative to the unit's folder."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from tasks.engines.base import Options

Path = Annotated[StrictStr, Field(min_length=1)]
Setting = StrictStr | StrictBool | StrictInt | StrictFloat


class VarFile(BaseModel):
    """A file of variables that may be missing, or is encrypted."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    path: Path = Field(description="The file, or a pattern such as vars/*.tfvars.")
    optional: StrictBool = Field(default=False, description="Whether there may be no such file.")
    decrypt: Literal["sops"] | None = Field(
        default=None, description="What the file is decrypted with, for the run alone. None: it is not encrypted."
    )


class TerraformOptions(Options):
    """How the root of this unit is used."""

    var_files: tuple[Path | VarFile, ...] = Field(
        default=(),
        description="Files of variables, in this order: later ones win, and the unit's inputs win over all. Patterns "
        "are sorted by name.",
    )
    backend_config: tuple[Path | dict[str, Setting], ...] = Field(
        default=(), description="What the backend in the code leaves open: files or settings, in this order."
    )
    workspace: Annotated[StrictStr, Field(pattern=r"^[\w{][\w.{}~-]*$")] | None = Field(
        default=None, description="The workspace; it is made where there is none. None: the default one."
    )
    env: dict[Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")], StrictStr] = Field(
        default_factory=dict, description="More environment variables for the tool. No secrets: they are released."
    )
    binary: Path | None = Field(
        default=None, description="terraform, tofu or a path. None: what FLOWMART_TERRAFORM says."
    )
    version: StrictStr | None = Field(
        default=None,
        description='The versions of the tool that may be used, such as ">= 1.10, < 2.0". None: what '
        ".terraform-version, .opentofu-version or .tool-versions say, if there is one.",
    )
    vendor: StrictBool = Field(
        default=True,
        description="Whether modules from elsewhere are taken into the release when it is made. If not, every "
        "environment fetches them by their tag or version.",
    )
    reads: tuple[Path, ...] = Field(
        default=(), description="Patterns of more files that the unit reads, which its code does not show."
    )

    @property
    def files(self) -> tuple[VarFile, ...]:
        """The files of variables, in order."""
        return tuple(each if isinstance(each, VarFile) else VarFile(path=each) for each in self.var_files)


def options(written: Any) -> TerraformOptions:
    """The options of a unit, as they are written."""
    return TerraformOptions.model_validate(dict(written))
