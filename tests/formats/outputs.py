"""Holds what a command printed with --json against its schema, in which no key may be missing."""

from __future__ import annotations

from typing import Any

import typer
from jsonschema import Draft202012Validator

from deployments import cli
from deployments.cli import output


def check(command: str, printed: Any) -> None:
    """Fail where the document is not what `flowmart schema COMMAND` says, or has a key that it does not name."""
    Draft202012Validator(closed(output.schema(command))).validate(printed)


def closed(schema: Any) -> Any:
    """The schema, with no other keys in any object whose keys it names."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(one) for name, one in schema.items()}
    return {**inner, "additionalProperties": False} if isinstance(inner.get("properties"), dict) else inner


def commands_with_json() -> set[str]:
    """Every command that takes --json."""
    return {name for name, command in _commands("", typer.main.get_command(cli.app)) if _takes_json(command)}


def _commands(name: str, command: Any) -> list[tuple[str, Any]]:
    inner = getattr(command, "commands", {})
    own = [] if inner else [(name, command)]
    return own + [found for one, under in inner.items() for found in _commands(f"{name} {one}".strip(), under)]


def _takes_json(command: Any) -> bool:
    return any("--json" in option.opts for option in command.params)
