"""Where the events of a command go: to standard error, and to the log folder where there is one.

A command that only reads, and succeeds, leaves no line there: whoever asks for the status every minute writes no
files.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from tasks.domain.errors import FlowmartError

if TYPE_CHECKING:
    from tasks.logs.handler import EcsHandler


def begin() -> None:
    """A command is about to be run. Commands that start flows set their log up themselves, once more."""
    from flows import logs
    from tasks import settings

    # Settings that are wrong are the command's to report.
    with suppress(FlowmartError):
        chosen = settings.load()
        logs.configure(chosen.log, in_runs=False, folder=chosen.log_files)


def ended(command: str, code: int, seconds: float, error: BaseException | None) -> None:
    """Log how a command ended.

    Args:
        command: its name, without arguments: these may be anything.
        code: its exit code.
        seconds: how long it took.
        error: what ended it, if anything did.
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
        return None  # no command was begun, as for --help

    from tasks.logs.handler import EcsHandler

    return next((each for each in handlers if isinstance(each, EcsHandler)), None)
