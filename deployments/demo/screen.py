"""Runs the demo's commands and prints their output. An unexpected result ends the demo."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

ROOT = Path(__file__).parents[2]
SCREEN = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 140)


def flowmart(
    *arguments: str, good: tuple[int, ...], variables: Mapping[str, str] | None = None, quiet: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a `flowmart` command and print it; exit unless its exit code is one of `good`.

    Args:
        arguments: the command's arguments.
        good: the expected exit codes.
        variables: its environment; by default that of this process.
        quiet: capture the output instead of printing it.
    """
    if not quiet:
        SCREEN.print(f"\n[bold cyan]$ flowmart {' '.join(arguments)}[/]")
        sys.stdout.flush()
    command = [sys.executable, "-m", "deployments.cli", *arguments]
    environment = {"FLOWMART_LOG": "text", **(variables or os.environ)}
    out = subprocess.PIPE if quiet else None
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=out, stderr=out, text=True, check=False)
    if done.returncode not in good:
        sys.exit(f"the demo failed: exit code {done.returncode} instead of {good[0]}\n{done.stderr or ''}")
    return done


def run(*command: str) -> str:
    """Run a program and return its standard output; exit if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"the demo failed: {' '.join(command)}: {done.stderr}")
    return done.stdout


def title(text: str) -> None:
    """Print a headline."""
    SCREEN.print(f"\n[bold]{text}[/]")


def say(text: str) -> None:
    """Print a line."""
    SCREEN.print(text)
