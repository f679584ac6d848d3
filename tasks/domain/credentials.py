"""Secrets that tools are given as environment variables: where each is, never what it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """Where a secret is read when a tool needs it. All but one of the first five are empty.

    Attributes:
        variable: an environment variable of the process that promotes.
        file: a path on the machine that promotes.
        command: a program with its arguments, which prints the secret.
        secretsmanager: the name or ARN of a secret in AWS Secrets Manager.
        ssm: the name of a parameter in AWS Systems Manager.
        key: the secret's key, where what is read is a JSON object.
    """

    variable: str = ""
    file: str = ""
    command: tuple[str, ...] = ()
    secretsmanager: str = ""
    ssm: str = ""
    key: str = ""

    def __str__(self) -> str:
        kinds = ("variable", "file", "secretsmanager", "ssm")
        found = next((f"{kind} {getattr(self, kind)}" for kind in kinds if getattr(self, kind)), "")
        return found or f"command {self.command[0]}"
