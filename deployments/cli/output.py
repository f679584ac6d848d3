"""`flowmart schema`: prints the JSON schema of what a command prints with `--json`."""

from __future__ import annotations

from typing import Annotated

import typer

from deployments.cli import screen
from deployments.cli.schemas import SCHEMAS, VERSION, Schema
from tasks.domain.errors import NotFound


def schema(command: str) -> Schema:
    """Return the JSON schema (draft 2020-12) of a command's `--json` output.

    Raises:
        NotFound: the command has none; the message names those that do.
    """
    if command not in SCHEMAS:
        raise NotFound(f"schema {command}: there are {', '.join(SCHEMAS)}")
    identity = f"flowmart/output/{VERSION}/{command.replace(' ', '-')}"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": identity, **SCHEMAS[command]}


def add_to(app: typer.Typer) -> None:
    """Register this module's command."""
    app.command("schema")(show_schema)


def show_schema(
    command: Annotated[list[str], typer.Argument(help="A command that prints JSON, such as status or release list.")],
) -> None:
    """Print the JSON schema of what a command prints with --json."""
    screen.document(schema(" ".join(command)))
