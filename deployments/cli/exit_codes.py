"""The exit codes of `flowmart`, in one table: for the errors, the help text and docs/command-line.md."""

from __future__ import annotations

import signal
from collections.abc import Mapping

from tasks.domain.errors import (
    ClaimLost,
    EnvironmentBlocked,
    EnvironmentBusy,
    FlowmartError,
    InvalidInput,
    NotFound,
    PromotionPaused,
    RollbackFailed,
    Unanswered,
)

DONE, REJECTED, DRIFT, UNANSWERED, BUSY, ROLLBACK_FAILED, AWAITS_APPROVAL, PAUSED = range(8)
WRONG_USAGE, UNEXPECTED = 64, 70
INTERRUPTED, UNREAD, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGPIPE, 128 + signal.SIGTERM
"""Exit codes that a shell reports for a program ended by a signal: 130, 141 and 143."""

MEANINGS: Mapping[int, str] = {
    DONE: "done",
    REJECTED: "rejected by a policy, a tool or a smoke check, and rolled back where something was applied; or "
    "`status`, `release list`, `audit` or `doctor` found something wrong",
    DRIFT: "`drift` found some that is not suppressed",
    UNANSWERED: "a dependency did not respond, or a drift report is incomplete. Retry; when an environment is "
    "`interrupted`, `flowmart recover`",
    BUSY: "the environment is busy, or blocked by a failed rollback, or this run lost its claim to another",
    ROLLBACK_FAILED: "a rollback failed: an operator is needed, then `flowmart resolve`",
    AWAITS_APPROVAL: "waiting for an approval: nothing was changed",
    PAUSED: "paused, since an analysis is inconclusive: `flowmart continue` or `flowmart rollback`",
    WRONG_USAGE: "wrong usage or input",
    UNEXPECTED: "unexpected error; `FLOWMART_TRACEBACK=1` shows where",
    INTERRUPTED: "cancelled with Ctrl-C; the next run recovers what was begun",
    UNREAD: "the program that read the output ended first, as `head` does; what the command did is in the ledger",
    TERMINATED: "stopped by SIGTERM, which works like Ctrl-C",
}

_OF_ERRORS: tuple[tuple[type[FlowmartError], int], ...] = (
    (RollbackFailed, ROLLBACK_FAILED),
    (PromotionPaused, PAUSED),
    (EnvironmentBusy, BUSY),
    (ClaimLost, BUSY),
    (EnvironmentBlocked, BUSY),
    (Unanswered, UNANSWERED),
    (InvalidInput, WRONG_USAGE),
    (NotFound, WRONG_USAGE),
)


def of(error: FlowmartError) -> int:
    """Return a command's exit code for an error."""
    return next((code for kind, code in _OF_ERRORS if isinstance(error, kind)), REJECTED)


def listed() -> str:
    """Return all codes and meanings, for the end of `flowmart --help`."""
    meanings = (f"{code}: {meaning.replace('`', '')}" for code, meaning in MEANINGS.items())
    return "Exit codes. " + ". ".join(meanings)
