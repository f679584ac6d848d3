"""The `flowmart` command.

`main` finds the project, activates the profile before anything reads the environment, and turns errors into messages
and exit codes. `commands` lists the commands and the modules that define them. `promoting` starts flows, and
`deciding` records approvals and freezes. `status`, `reading` and `comparing` only read the store. `preparing` has
sandbox, bootstrap and releases; `serving` runs the Prefect server. `exit_codes` is the table of exit codes, and
`screen` does all printing.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import click
import typer

from deployments import profile
from deployments.cli import exit_codes, recording, screen, signals
from deployments.cli.commands import COMMANDS, Commands
from deployments.cli.leaving import leave
from deployments.setup import put_tools_on_path
from tasks.domain.errors import FlowmartError, InvalidInput

app = typer.Typer(
    cls=Commands,
    help="Promote FlowMart's infrastructure dev -> staging -> production, and look at what happened.",
    epilog=exit_codes.listed(),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        # Imported here because it takes half as long as all of `--help`.
        from importlib.metadata import version

        screen.result(f"flowmart {version('flowmart')}")
        raise typer.Exit


@app.callback()
def options(
    wanted: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Promote FlowMart's infrastructure dev -> staging -> production, and look at what happened."""


if os.environ.get("NO_COLOR"):
    # Typer's own output must have no escape codes either. Typer imports this module only when it prints.
    from typer import rich_utils

    rich_utils.COLOR_SYSTEM = None


_OBJECTS = 50_000
"""How many objects more there must be before Python looks for cycles that nothing uses.

Imports make hundreds of thousands of objects that stay. With Python's own 700, looking through them again and again
takes a sixth of the start of a promotion.
"""


def main() -> None:
    """Run the command line of this process, and exit with its code."""
    gc.set_threshold(_OBJECTS)
    signals.let_tools_be_interrupted()
    try:
        with signals.termination_raised():
            code = run(sys.argv[1:])
    except signals.Terminated:
        code = _stopped("SIGTERM", exit_codes.TERMINATED)
    leave(code)


def run(arguments: list[str]) -> int:
    """Run one command, log how it ended, and return its exit code."""
    began = time.monotonic()
    ending: list[BaseException] = []
    code = _run(arguments, ending.append)
    recording.ended(_name(arguments), code, time.monotonic() - began, ending[0] if ending else None)
    return code


def _name(arguments: list[str]) -> str:
    """Return the command's name, without its arguments; empty if there is none."""
    return next((each for each in arguments if each in COMMANDS), "")


def _run(arguments: list[str], ended_by: Callable[[BaseException], None]) -> int:
    screen.begin("--json" in arguments)
    try:
        os.environ.setdefault("FLOWMART_REPOSITORY", str(project_root(_here())))
        put_tools_on_path()
        profile.activate(Path(os.environ["FLOWMART_REPOSITORY"]))
        result = typer.main.get_command(app)(arguments, prog_name="flowmart", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        screen.error_document("WrongUsage", error.format_message())
        return exit_codes.WRONG_USAGE
    except FlowmartError as error:
        ended_by(error)
        screen.error(error)
        return exit_codes.of(error)
    except (KeyboardInterrupt, click.Abort):
        return _stopped("Ctrl-C", exit_codes.INTERRUPTED)
    except SystemExit:
        # Typer and rich exit with 1 if nobody reads what they print; 1 would mean that something was rejected.
        return exit_codes.UNREAD
    except Exception as error:
        if os.environ.get("FLOWMART_TRACEBACK"):
            raise
        ended_by(error)
        screen.error(FlowmartError(f"{type(error).__name__}: {error}\n(FLOWMART_TRACEBACK=1 shows where)"))
        return exit_codes.UNEXPECTED
    if result == exit_codes.INTERRUPTED:
        # Typer turns KeyboardInterrupt into this result.
        return _stopped("Ctrl-C", exit_codes.INTERRUPTED)
    return result if isinstance(result, int) else 0


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise InvalidInput("the current folder does not exist any more; change to the repository") from None


def _stopped(by: str, code: int) -> int:
    screen.say(
        f"Stopped by {by}. If a run was active, its tools were interrupted. `flowmart status` shows the state; "
        "the next promotion, or `flowmart recover ENV`, rolls back what it had begun."
    )
    return code


def project_root(start: Path) -> Path:
    """Return the nearest folder at or above `start` with infrastructure/platform.yaml; `start` if there is none."""
    for folder in (start, *start.parents):
        if (folder / "infrastructure" / "platform.yaml").exists():
            return folder
    return start
