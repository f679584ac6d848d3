"""Reports to GitHub are best effort: they never decide about an environment, and a failure is only logged."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog

from tasks.domain.errors import FlowmartError, Unanswered

log = structlog.get_logger("flowmart.github")

Told = TypeVar("Told")


def tell(what: str, act: Callable[[], Told]) -> Told | None:
    """Do it; once more when there was no answer. None, and a warning in the log, when it could not be told."""
    try:
        return _twice(act)
    except FlowmartError as error:
        log.warning("not told on GitHub", what=what, why=str(error))
        return None


def _twice(act: Callable[[], Told]) -> Told:
    try:
        return act()
    except Unanswered:
        return act()
