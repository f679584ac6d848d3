"""`flowmart completion SHELL`: prints the script for completion of commands and options."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from typer.completion import get_completion_script  # type: ignore[attr-defined]

from deployments.cli import screen


class Shell(StrEnum):
    """The supported shells."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def add_to(app: typer.Typer) -> None:
    """Register this module's command."""
    app.command()(completion)


def completion(shell: Annotated[Shell, typer.Argument(help="The shell that you type in.")]) -> None:
    """Print what makes a shell complete commands and options; eval "$(flowmart completion bash)" uses it."""
    screen.plain(get_completion_script(prog_name="flowmart", complete_var="_FLOWMART_COMPLETE", shell=shell.value))
