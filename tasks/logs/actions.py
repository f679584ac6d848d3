"""Maps the names of events to ECS's categories. Data.

Source: ECS 9.4, allowed values of `event.category`, `event.type` and `event.outcome`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SUCCESS, FAILURE, UNANSWERED = "success", "failure", "unknown"
"""Values of `event.outcome`; a missing response is "unknown"."""


@dataclass(frozen=True)
class Kind:
    """The category and type of an action, and its outcome if the name implies one."""

    category: str = "process"
    type: str = "info"
    outcome: str = ""


_INFO = Kind("configuration", "info")
_FAILED = Kind("configuration", "info", FAILURE)
_CHANGED = Kind("configuration", "change", SUCCESS)

KINDS = {
    "claimed": Kind("process", "start"),
    "taken_over": Kind("process", "start"),
    "closed": Kind("process", "end"),
    "verified": Kind("process", "end", SUCCESS),
    "rejected": Kind("process", "end", FAILURE),
    "restored": Kind("process", "end", SUCCESS),
    "interrupted": Kind("process", "end", UNANSWERED),
    "command": Kind("process", "end"),
    "planned": Kind("configuration", "info", SUCCESS),
    "tested": Kind("configuration", "info", SUCCESS),
    "adopted": Kind("configuration", "info", SUCCESS),
    "observed": _INFO,
    "settled": _INFO,
    "drift": _INFO,
    "compared": _INFO,
    "smoked": _INFO,
    "smoke_passed": Kind("configuration", "info", SUCCESS),
    "smoke_failed": _FAILED,
    "analysed": _INFO,
    "analysis_passed": Kind("configuration", "info", SUCCESS),
    "analysis_failed": _FAILED,
    "analysis_inconclusive": Kind("configuration", "info", UNANSWERED),
    "denied": _FAILED,
    "refused": _FAILED,
    "approved": Kind("configuration", "info", SUCCESS),
    "approval_wanted": _INFO,
    "applying": _INFO,
    "applied": _CHANGED,
    "apply_failed": Kind("configuration", "change", FAILURE),
    "unanswered": Kind("configuration", "info", UNANSWERED),
    "no_response": Kind("configuration", "info", UNANSWERED),
    "rolling_back": _INFO,
    "rolled_back": _CHANGED,
    "rollback_failed": Kind("configuration", "change", FAILURE),
    "frozen": _INFO,
    "thawed": _INFO,
    "paused": Kind("process", "info", UNANSWERED),
}
"""{action: its kind}; any other action is information about a process."""

_ENDS = {"succeeded": SUCCESS, "passed": SUCCESS, "failed": FAILURE, "unanswered": UNANSWERED}


def action(event: str) -> str:
    """Return an event's name as `event.action`: "smoke FAILED" is "smoke_failed"."""
    return re.sub(r"[^a-z0-9]+", "_", event.lower()).strip("_")[:128]


def kind(name: str) -> Kind:
    """Return the kind of an action."""
    return KINDS.get(name, Kind())


def outcome(word: object) -> str:
    """Translate the product's word for a result to `event.outcome`; "" for a word that is not a result."""
    return _ENDS.get(str(word), UNANSWERED if word in ("inconclusive", "waiting", "paused", "cancelled") else "")


def types(name: str, counts: dict[str, int]) -> str:
    """Return `event.type`: creation or deletion if all changes have that action.

    Args:
        name: the action.
        counts: {action of a plan: its number of changes}.
    """
    done = [each for each, number in counts.items() if number]
    if kind(name).type == "change" and len(done) == 1:
        return {"create": "creation", "delete": "deletion"}.get(done[0], "change")
    return kind(name).type
