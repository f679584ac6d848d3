"""The `flowmart` command.

`main` finds the project, switches the profile on before anything reads the environment, and turns errors into
messages and exit codes. The commands are in `promoting` (they start flows), `deciding` (approvals and freezes),
`status`, `reading` and `comparing` (they only read the store), `preparing` (sandbox, bootstrap, releases) and
`serving` (the Prefect server); `screen` is all that prints.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import click
import typer

from deployments import profile
from deployments.cli import (
    comparing,
    deciding,
    github,
    preparing,
    promoting,
    reading,
    screen,
    serving,
    signals,
    status,
)
from deployments.cli.leaving import leave
from deployments.setup import put_tools_on_path
from tasks.domain.errors import (
    ClaimLost,
    EnvironmentBlocked,
    EnvironmentBusy,
    FlowmartError,
    InvalidInput,
    NotFound,
    RollbackFailed,
    Unanswered,
)

EXIT_CODES = """
Exit codes: 0 done; 1 rejected by a policy, a tool or a smoke check, and rolled back where something was applied;
2 there is drift; 3 a dependency did not respond; 4 the environment is busy or blocked, or this run lost its claim;
5 a rollback failed; 6 waiting for an approval, nothing was changed; 64 wrong usage or input; 70 unexpected error;
130 cancelled by Ctrl-C; 143 ended by SIGTERM.
"""

INTERRUPTED = 128 + signal.SIGINT

_CODES: tuple[tuple[type[FlowmartError], int], ...] = (
    (RollbackFailed, 5),
    (EnvironmentBusy, 4),
    (ClaimLost, 4),
    (EnvironmentBlocked, 4),
    (Unanswered, 3),
    (InvalidInput, 64),
    (NotFound, 64),
)

app = typer.Typer(
    help="Promote FlowMart's infrastructure dev -> staging -> production, and look at what happened.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (promoting, deciding, status, reading, comparing, preparing, serving, github):
    commands.add_to(app)


def main() -> None:
    """Run the command line of this process, and exit with its code."""
    try:
        with signals.termination_raised():
            code = run(sys.argv[1:])
    except signals.Terminated:
        code = _stopped("SIGTERM", signals.EXIT_CODE)
    leave(code)


def run(arguments: list[str]) -> int:
    """Run one command; its exit code."""
    os.environ.setdefault("FLOWMART_REPOSITORY", str(project_root(Path.cwd())))
    put_tools_on_path()
    try:
        profile.activate(Path(os.environ["FLOWMART_REPOSITORY"]))
        result = app(arguments, prog_name="flowmart", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 64
    except FlowmartError as error:
        screen.error(error)
        return next((code for kind, code in _CODES if isinstance(error, kind)), 1)
    except (KeyboardInterrupt, click.Abort):
        return _stopped("Ctrl-C", INTERRUPTED)
    except Exception as error:
        if os.environ.get("FLOWMART_TRACEBACK"):
            raise
        screen.error(FlowmartError(f"{type(error).__name__}: {error}\n(FLOWMART_TRACEBACK=1 shows where)"))
        return 70
    if result == INTERRUPTED:
        # typer turns KeyboardInterrupt into this result.
        return _stopped("Ctrl-C", INTERRUPTED)
    return result if isinstance(result, int) else 0


def _stopped(by: str, code: int) -> int:
    screen.say(
        f"Stopped by {by}. If a run was active, its tools were interrupted. `flowmart status` shows the state; "
        "the next promotion, or `flowmart recover ENV`, rolls back what it had begun."
    )
    return code


def project_root(start: Path) -> Path:
    """The nearest folder upwards that holds infrastructure/platform.yaml; `start` when none does."""
    for folder in (start, *start.parents):
        if (folder / "infrastructure" / "platform.yaml").exists():
            return folder
    return start
