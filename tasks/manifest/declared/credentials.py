"""What may be written of secrets for tools: the variable that a tool reads, and where its value is."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from tasks.manifest.notation import TOOL_VARIABLE, Declared, Text

_KINDS = ("variable", "file", "command", "secretsmanager", "ssm")

VariableName = Annotated[str, Field(pattern=TOOL_VARIABLE)]


class DeclaredSource(Declared):
    """Where a secret is read when a tool needs it: exactly one place."""

    variable: Text | None = Field(
        default=None, description="An environment variable, which FLOWMART_SECRET_VARIABLES must allow."
    )
    file: Text | None = Field(default=None, description="The path of a file on the machine that promotes.")
    command: tuple[Text, ...] | None = Field(
        default=None, min_length=1, description="A program with its arguments, which prints the secret."
    )
    secretsmanager: Text | None = Field(default=None, description="A secret in AWS Secrets Manager: name or ARN.")
    ssm: Text | None = Field(default=None, description="A parameter in AWS Systems Manager.")
    key: Text | None = Field(default=None, description="The secret's key, where a JSON object is read.")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(getattr(self, kind) is not None for kind in _KINDS) != 1:
            raise ValueError("needs exactly one of variable, file, command, secretsmanager and ssm")
        return self


DeclaredSecrets = dict[VariableName, DeclaredSource]


class DeclaredCredentials(Declared):
    """Secrets for the tools of all units of an environment, each by what it is for."""

    plan: DeclaredSecrets = Field(
        default_factory=dict, description="To plan, to smoke-check and to look for drift: what can only read."
    )
    apply: DeclaredSecrets = Field(default_factory=dict, description="To apply and to roll back: what can write.")
