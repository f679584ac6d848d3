"""Rejects empty arguments and options: `--reason ""`, or `promote "$RELEASE"` without that variable.

An empty string is neither a reason nor a name. Some commands would treat it as "not given", which means HEAD, or
every environment.
"""

from __future__ import annotations

from typing import Any

import click


class _Written(click.types.StringParamType):
    """A string that must not be empty."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        text = super().convert(value, param, ctx)
        if isinstance(text, str) and not text.strip():
            self.fail("it is empty; write something, or leave it out where it is optional", param, ctx)
        return text


def refuse_empty(command: click.Command) -> click.Command:
    """Make a command and its subcommands reject empty strings in arguments and options; return the command."""
    for parameter in command.params:
        if isinstance(parameter.type, click.types.StringParamType):
            parameter.type = _Written()
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        refuse_empty(inner)
    return command
