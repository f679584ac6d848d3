"""Runs the `script` check: the exit code of a program of the release decides.

Passed: exit code 0. Failed: exit code 1. Unanswered: another exit code, a signal, the time limit, a missing program
or interpreter. A Python program that ends with a traceback is unanswered too: it exits with 1, but did not find
anything.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tasks.checks.answers import Answer, Surroundings, failed, passed, shortened, unanswered
from tasks.checks.options import Script
from tasks.domain.errors import FlowmartError
from tasks.processes import Command, Finished

_TRACEBACK = "Traceback (most recent call last):"


def expected(options: Script) -> str:
    """Return what the check expects, as a phrase for people."""
    return f"{' '.join([options.path, *options.arguments])} exits with 0"


def ask(options: Script, around: Surroundings) -> Answer:
    """Run it once, in the infrastructure folder, without a shell."""
    program = around.folder / options.path
    if not program.resolve().is_relative_to(around.folder.resolve()) or not program.is_file():
        return unanswered(f"there is no file {options.path} in the release")
    try:
        return _read(around.processes.run(_command(program, options, around)))
    except (FlowmartError, OSError) as error:
        return unanswered(shortened(str(error)))


def _command(program: Path, options: Script, around: Surroundings) -> Command:
    """Return the command: a Python file runs under our interpreter, which has boto3; others by their `#!` line."""
    starter = (sys.executable,) if program.suffix == ".py" else ()
    argv = (*starter, str(program), *options.arguments)
    variables = {**around.variables, "PATH": _path(around)}
    return Command(argv, around.folder, variables, options.timeout)


def _path(around: Surroundings) -> str:
    inherited = around.variables.get("PATH") or around.processes.environment.get("PATH", os.defpath)
    return os.pathsep.join([str(Path(sys.executable).parent), inherited])


def _read(finished: Finished) -> Answer:
    said = _last_line(finished.stdout) or _last_line(finished.stderr) or "it printed nothing"
    if finished.exit_code == 0:
        return passed(said)
    if finished.exit_code == 1 and _TRACEBACK not in finished.stderr:
        return failed(said)
    return unanswered(f"exit code {finished.exit_code}: {_last_line(finished.stderr) or said}")


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return shortened(lines[-1]) if lines else ""
