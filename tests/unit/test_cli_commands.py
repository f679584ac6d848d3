"""The table of commands: what it says is what the modules have, and nothing is loaded that is not needed."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.main import get_command

from deployments import cli
from deployments.cli.commands import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_command_says(name: str) -> None:
    command = get_command(cli.app).commands[name]  # type: ignore[attr-defined]
    assert command.callback is None or command.callback.__module__ == f"deployments.cli.{COMMANDS[name][0]}"
    assert " ".join(command.help.split("\n\n")[0].split()) == COMMANDS[name][1]


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["promot"]])
def test_what_runs_no_command_loads_none(words: list[str]) -> None:
    heavy = "{'prefect', 'boto3', 'botocore', 'httpx', 'pydantic', 'tasks.engines', 'tasks.manifest'}"
    script = f"import sys; from deployments import cli; cli.run({words}); sys.exit(str({heavy} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "set()"
