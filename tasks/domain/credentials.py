"""Defines secrets that tools get as environment variables. It holds the source of each, never its value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """The source of a secret that is read when a tool needs it. Exactly one of the first five is set.

    Attributes:
        variable: an environment variable of the process that promotes.
        file: a path on the machine that promotes.
        command: a program with its arguments, which prints the secret.
        secretsmanager: the name or ARN of a secret in AWS Secrets Manager.
        ssm: the name of a parameter in AWS Systems Manager.
        key: the key of the secret, if the source contains a JSON object.
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
