"""What may be written for a unit, whatever its engine: the shape of every key."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from tasks.domain.platform import Level
from tasks.manifest.declared.analysis import DeclaredAnalysis
from tasks.manifest.declared.credentials import DeclaredSecrets
from tasks.manifest.notation import UNIT_ACCOUNT, UNIT_REGION, Declared, Duration, Identifier, RoleArn, Slug, Text

OPTIONS_OF = "options_of_"
"""Begins the names of the fields that `models` adds to units, one for the block of every engine."""


class DeclaredUnitRoles(Declared):
    """The roles of a unit that has its own; those that are left out are the environment's."""

    plan: RoleArn | None = Field(default=None, description="ARN of the role that only reads.")
    apply: RoleArn | None = Field(default=None, description="ARN of the role that writes.")


class DeclaredCheck(Declared):
    """A smoke check: repeated until it passes, or until its time is over."""

    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True)

    name: Slug = Field(description="What the check is called in reports; once in a unit.")
    kind: Slug = Field(description="How it is asked. The other keys are the options of this kind.")
    within: Duration = Field(default=30.0, description="How long it may take until the check passes.")
    every: Duration = Field(default=1.0, description="The pause between two attempts; not longer than `within`.")

    @property
    def options(self) -> dict[str, Any]:
        """What is written besides the keys that every check has."""
        return dict(self.__pydantic_extra__ or {})


class DeclaredValidator(Declared):
    """How a unit wants one validator of its tool."""

    level: Level | None = Field(
        default=None,
        description="deny: its errors deny the plan. warn: everything it finds is a warning. off: it is not run.",
    )
    ignore: dict[Text, Text] = Field(
        default_factory=dict, description="Rules that do not count, by the validator's own id, each with the reason."
    )


class DeclaredPiece(Declared):
    """What may be written for a unit, however it was found."""

    needs: tuple[Slug, ...] = Field(
        default=(),
        description="Units that must be applied and checked before this one, in every environment of this one.",
    )
    protected: StrictBool = Field(
        default=False, description="Whether it holds data: then nothing in it is deleted without an override."
    )
    inputs: dict[Identifier, Any] = Field(
        default_factory=dict,
        description="Values for the tool. "
        "May contain {environment}, {platform}, {account}, {region} and {values.NAME}.",
    )
    time_limit: Duration = Field(default=3600.0, description="How long one command of the tool may run.")
    account: str = Field(
        default="",
        pattern=UNIT_ACCOUNT,
        description="The AWS account of this unit, where it is not the environment's. May be {values.NAME}.",
    )
    region: str = Field(
        default="",
        pattern=UNIT_REGION,
        description="The AWS region of this unit, where it is not the environment's. May be {values.NAME}.",
    )
    roles: DeclaredUnitRoles | None = Field(
        default=None,
        description="The roles of this unit, where they are not the environment's. "
        "May contain {account}, {environment} and {platform}.",
    )
    checks: tuple[DeclaredCheck, ...] = Field(
        default=(), description="Smoke checks, asked after every apply of the unit."
    )
    analysis: DeclaredAnalysis | None = Field(
        default=None, description="What metrics must show for a while after every apply of the unit."
    )
    secrets: DeclaredSecrets = Field(
        default_factory=dict,
        description="Secrets for its tool: the variable that it reads, and where the value is. Places "
        "may contain {environment}, {platform}, {account}, {region} and {values.NAME}.",
    )
    validators: dict[Text, DeclaredValidator] = Field(
        default_factory=dict, description="How the unit wants the validators of its tool, by their names."
    )


class DeclaredUnit(DeclaredPiece):
    """One deployable piece of the platform."""

    engine: Slug = Field(description="The tool that the unit is written for.")
    source: Text = Field(
        description="The unit's folder, relative to the folder of platform.yaml; with `paths`, to the repository. "
        "May contain {environment}, {platform}, {account}, {region} and {values.NAME}."
    )
    environments: tuple[Slug, ...] = Field(min_length=1, description="Where the unit is deployed.")

    @property
    def options(self) -> dict[str, Any]:
        """What is written in the block of the unit's engine; defaults are left to the engine."""
        block = self._block(self.engine)
        return block.model_dump(mode="json", exclude_unset=True) if block else {}

    def has_options_of(self, engine: str) -> bool:
        """Whether there is a block of options for an engine."""
        return self._block(engine) is not None

    def _block(self, engine: str) -> BaseModel | None:
        found: BaseModel | None = getattr(self, f"{OPTIONS_OF}{engine}", None)
        return found
