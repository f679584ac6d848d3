"""Reports to GitHub without affecting environments: a failed report is only logged."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog

from tasks.domain.errors import FlowmartError, Unanswered

log = structlog.get_logger("flowmart.github")

Result = TypeVar("Result")


def send(what: str, act: Callable[[], Result]) -> Result | None:
    """Send a report, and retry once if GitHub does not respond.

    Args:
        what: the subject of the report, for the log.
        act: sends the report.

    Returns:
        The result of `act`; None if it failed, which is logged as a warning.
    """
    try:
        return _twice(act)
    except FlowmartError as error:
        log.warning("not reported to GitHub", what=what, why=str(error))
        return None


def _twice(act: Callable[[], Result]) -> Result:
    try:
        return act()
    except Unanswered:
        return act()
