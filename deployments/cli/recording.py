"""Logs a command's events to standard error, and to the log folder if there is one.

A command that only reads and succeeds leaves no line in the folder, so that polling the status writes no files.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from tasks.domain.errors import FlowmartError

if TYPE_CHECKING:
    from tasks.logs.handler import EcsHandler


def begin() -> None:
    """Configure logging before a command runs. Commands that start flows configure it again."""
    from flows import logs
    from tasks import settings

    # The command itself reports invalid settings.
    with suppress(FlowmartError):
        chosen = settings.load()
        logs.configure(chosen.log, in_runs=False, folder=chosen.log_files)


def ended(command: str, code: int, seconds: float, error: BaseException | None) -> None:
    """Log how a command ended.

    Args:
        command: its name, without arguments, which may contain anything.
        code: its exit code.
        seconds: how long it took.
        error: the exception that ended it, if any.
    """
    handler = _handler()
    if handler is None or (not code and not handler.taken):
        return
    from deployments.cli.exit_codes import UNANSWERED

    outcome = "unanswered" if code == UNANSWERED else "failed" if code else "succeeded"
    about = {"what": command, "exit_code": code, "seconds": seconds, "outcome": outcome}
    level = "error" if code else "info"
    record = {"flowmart": {**about, "level": level}}

    logging.getLogger("flowmart.command").debug("command", extra=record, exc_info=error)
    handler.flush()


def _handler() -> EcsHandler | None:
    handlers = logging.getLogger("flowmart").handlers
    if not handlers:
        return None  # No command has begun, as for --help.

    from tasks.logs.handler import EcsHandler

    return next((each for each in handlers if isinstance(each, EcsHandler)), None)
