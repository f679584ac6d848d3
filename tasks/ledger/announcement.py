"""Log every entry that is written to a ledger: who, what, where, and under which claim.

Only log files contain these events (`tasks.logs`), because people who watch a run see its own messages.
"""

from __future__ import annotations

import logging
from typing import Any

from tasks.domain.events import Event
from tasks.ledger.entries import Entry
from tasks.ledger.state import EnvironmentState

log = logging.getLogger("flowmart.ledger")

_ERRORS = {"apply_failed", "denied", "rejected", "rollback_failed"}
_WARNINGS = {"interrupted", "paused", "refused", "rolling_back", "unanswered"}
_WHY = ("why", "detail", "reason")
_OUTCOMES = ("outcome", "verdict")
_SAID = ("release", "unit", "purpose", "counts")


def announce(entry: Entry, before: EnvironmentState, after: EnvironmentState) -> None:
    """Log an entry that was just written.

    Args:
        entry: the written entry.
        before: the environment's state without it.
        after: the environment's state with it.
    """
    claim = after.claim or before.claim
    about = {"claim": claim.entry, "release": claim.release, "purpose": claim.purpose} if claim else {}
    written = {
        "environment": entry.environment,
        "entry": entry.id,
        "actor": entry.actor,
        "run": entry.run,
        "platform": entry.platform,
        "level": _level(entry.kind),
    }
    log.debug(entry.kind, extra={"flowmart": {**about, **written, **_said(entry.event)}})


def _level(kind: str) -> str:
    return "error" if kind in _ERRORS else "warning" if kind in _WARNINGS else "info"


def _said(event: Event) -> dict[str, Any]:
    """Return the event's values that have their own fields in the log."""
    found = {name: getattr(event, name) for name in _SAID if getattr(event, name, None)}
    why = next((str(getattr(event, name)) for name in _WHY if getattr(event, name, "")), "")
    outcome = next((str(getattr(event, name)) for name in _OUTCOMES if getattr(event, name, "")), "")
    return {**found, "why": why, "outcome": outcome}
