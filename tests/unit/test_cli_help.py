"""What the command says about itself: help for everything that can be typed, version, completion, exit codes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click
import pytest
from typer.main import get_command

from deployments import cli
from deployments.cli import exit_codes
from tasks.domain import errors


def commands(group: click.Command, path: str = "flowmart") -> Iterator[tuple[str, click.Command]]:
    yield path, group
    for name, command in group.commands.items() if isinstance(group, click.Group) else ():
        yield from commands(command, f"{path} {name}")


PROJECT = Path(__file__).parents[2]
ALL = dict(commands(get_command(cli.app)))


@pytest.mark.parametrize("path", ALL)
def test_everything_that_can_be_typed_is_explained(path: str) -> None:
    command = ALL[path]
    assert command.help
    untold = [parameter.name for parameter in command.params if not getattr(parameter, "help", None)]
    assert untold == []


@pytest.mark.parametrize("path", ["flowmart promote", "flowmart diff", "flowmart github redeliver"])
def test_help_shows_the_text_of_every_argument(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*path.split()[1:], "--help"]) == 0
    shown = "".join(re.findall(r"\w", capsys.readouterr().out))
    for parameter in ALL[path].params:
        assert "".join(re.findall(r"\w", str(parameter.help)))[:60] in shown  # type: ignore[attr-defined]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"flowmart {version('flowmart')}\n"


def flowmart(*arguments: str, **variables: str) -> str:
    """What a real process of the command prints."""
    made = subprocess.run(
        [sys.executable, "-m", "deployments.cli", *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
    )
    return made.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how_to_complete(shell: str) -> None:
    assert "_FLOWMART_COMPLETE" in flowmart("completion", shell)


def completed(words: str, tmp_path: Path) -> set[str]:
    """What bash offers when Tab is pressed after these words."""
    command = tmp_path / "flowmart"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m deployments.cli "$@"\n')
    command.chmod(0o755)
    typed = f"COMP_WORDS=({words}); COMP_CWORD={len(words.split()) - 1}; _flowmart_completion flowmart"
    asked = f'{typed}; echo "${{COMPREPLY[@]}}"'
    script = f'eval "$(flowmart completion bash)"; {asked}'
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    made = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, check=True, cwd=PROJECT
    )
    return set(made.stdout.split())


def test_bash_completes_commands_and_options(tmp_path: Path) -> None:
    assert completed("flowmart pro", tmp_path) == {"promote"}
    assert completed("flowmart promote --acc", tmp_path) == {"--accept-drift"}


def test_a_pipe_gets_no_colours() -> None:
    assert "\x1b" not in flowmart("--help", TERM="xterm-256color")


def test_every_error_has_a_documented_exit_code() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.FlowmartError)
    ]
    codes = {exit_codes.of(kind.__new__(kind)) for kind in kinds}
    assert codes <= exit_codes.MEANINGS.keys()
    assert {exit_codes.REJECTED, exit_codes.BUSY, exit_codes.ROLLBACK_FAILED} <= codes
