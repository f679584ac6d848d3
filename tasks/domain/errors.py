"""Defines the error types of the product.

The type alone says whether a retry may succeed, never a flag: retry policies retry only `Unanswered` and its
subclasses. Every message says what failed, where, and what to do next.
"""

from __future__ import annotations

from typing import Any


class FlowmartError(Exception):
    """Base of every error that a person is meant to read. The command line prints it without a traceback."""


class InvalidInput(FlowmartError):
    """A file or an argument is wrong. The message names the file, the key and a correct value."""


class Unequipped(InvalidInput):
    """This machine lacks something that the work needs, such as a program. That says nothing about the release."""


class Unanswered(FlowmartError):
    """A dependency did not respond: network, time limit, throttling.

    A retry may succeed. This is never a reason to roll back.
    """


NO_VERDICT = (Unanswered, Unequipped)
"""Errors that say nothing about the release. They neither reject it nor roll it back."""


def of_input(error: FlowmartError, told: str) -> FlowmartError:
    """Return the error for an input that could not be obtained: wrong, unless the cause says nothing about it.

    Args:
        error: the cause.
        told: the message.
    """
    return next((kind(told) for kind in NO_VERDICT if isinstance(error, kind)), InvalidInput(told))


def not_obtained(told: str, *, lost: bool) -> FlowmartError:
    """Return the error for an input that a tool could not obtain.

    Args:
        told: the message.
        lost: something did not respond, so the input may be right.
    """
    return Unanswered(told) if lost else InvalidInput(told)


class Throttled(Unanswered):
    """A cloud reports too many requests. From then on, fewer units run at once."""


class Interrupted(Unanswered):
    """An apply or rollback got no response and may not be done. The claim stays open for `recover`."""


class Refused(FlowmartError):
    """The tool or the rules rejected it. Retrying the same thing gives the same result."""


class StalePlan(Refused):
    """The plan no longer matches what an apply would do. Plan again."""


class ApprovalWanted(Refused):
    """Nothing was changed: the plans require an approval first. `request` is the pending request."""

    def __init__(self, message: str, request: Any = None) -> None:
        super().__init__(message)
        self.request = request


class Inconclusive(FlowmartError):
    """An analysis ended without a decisive verdict. `subject` is the unit, or "" for the environment.

    `doubtful` means that some values were not good, so it was not only missing data. `decide_within` is the time in
    seconds that a person has to decide.
    """

    def __init__(self, message: str, subject: str = "", doubtful: bool = False, decide_within: float = 0.0) -> None:
        super().__init__(message)
        self.subject = subject
        self.doubtful = doubtful
        self.decide_within = decide_within


class PromotionPaused(FlowmartError):
    """The applied changes stay in place until a person decides whether to continue or to roll back."""


class EnvironmentClosed(Refused):
    """Nothing was changed because of a freeze, or because no change window is open."""


class RolledBack(Refused):
    """A release was rejected in an environment, and every attempted unit was rolled back."""


class EnvironmentBusy(Refused):
    """Another promotion holds the environment."""


class ClaimLost(FlowmartError):
    """This run no longer holds its claim. It stops writing and ends its tools."""


class EnvironmentBlocked(Refused):
    """A rollback failed here. A person must resolve it before anything else may run in the environment."""


class AlreadyExists(FlowmartError):
    """A create-only write failed because the name exists: another writer was first."""


class NotFound(FlowmartError):
    """The store has no such object, the ledger no such entry, or the archive no such release."""


class BrokenChain(FlowmartError):
    """The ledger is inconsistent: an entry was changed, removed or inserted."""


class DamagedRelease(FlowmartError):
    """The stored files of a release differ from what was released: something was changed, truncated or removed."""


class UnreadableRecord(FlowmartError):
    """A record of the store has an unknown kind, version or field: another version of the product wrote it."""


class RollbackFailed(FlowmartError):
    """The most severe error: the environment is on neither the new release nor the old one."""
