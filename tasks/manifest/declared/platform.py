"""What may be written at the top of platform.yaml: the shape of every key."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tasks.manifest.declared.environments import DeclaredEnvironment
from tasks.manifest.declared.logging import DeclaredLogging
from tasks.manifest.declared.monitoring import DeclaredMonitoring
from tasks.manifest.declared.terraform import DeclaredTerraform
from tasks.manifest.declared.terragrunt import DeclaredTerragrunt
from tasks.manifest.declared.units import DeclaredUnit
from tasks.manifest.notation import PRINCIPAL, REPOSITORY, Declared, Slug, Text


class DeclaredGitHub(Declared):
    """The one repository on GitHub that this platform is developed in."""

    repository: Annotated[str, Field(pattern=REPOSITORY)] = Field(
        description="owner/name: only its pull requests, pushes, comments and reviews count."
    )
    branch: Text | None = Field(
        default=None, description="The branch that is delivered; default: the repository's default branch."
    )


class DeclaredPlatform(Declared):
    """All units and environments that are promoted together."""

    platform: Slug = Field(description="The name of the platform: what it stores, makes and runs is called after it.")
    github: DeclaredGitHub | None = Field(
        default=None, description="Where this platform is developed; without it GitHub starts nothing."
    )
    trusted: tuple[Annotated[str, Field(pattern=PRINCIPAL)], ...] = Field(
        default=(), description="ARNs of the principals that may assume the roles of the environments."
    )
    monitoring: DeclaredMonitoring | None = Field(
        default=None, description="Where metrics are asked for, in every environment that does not say otherwise."
    )
    logging: DeclaredLogging | None = Field(
        default=None, description="Where logs are kept, in every environment that does not say otherwise."
    )
    paths: tuple[Text, ...] = Field(
        default=(),
        description="Folders and files of the repository that releases consist of besides infrastructure/; `.` is "
        "all of it. With any, the sources of units are relative to the repository, not to infrastructure/.",
    )
    environments: dict[Slug, DeclaredEnvironment] = Field(
        min_length=1, description="Where a release goes; `after` says in which order."
    )
    units: dict[Slug, DeclaredUnit] = Field(
        default_factory=dict, description="What a release consists of; `needs` is the order."
    )
    terragrunt: DeclaredTerragrunt | None = Field(
        default=None, description="A Terragrunt repository, whose units are units of the platform."
    )
    terraform: DeclaredTerraform | None = Field(
        default=None, description="The tool of all Terraform units, where a unit does not say otherwise."
    )
