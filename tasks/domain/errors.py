"""The error types of the product.

Whether something may be tried again is the type, never a flag: `Unanswered` is the only branch that a
retry policy looks for. Every message says what failed, where, and what to do next.
"""

from __future__ import annotations

from typing import Any


class FlowmartError(Exception):
    """Base of every error that a person is meant to read. The command line prints it without a traceback."""


class InvalidInput(FlowmartError):
    """A file or an argument is wrong: the message names the file, the key and what would be right."""


class Unequipped(InvalidInput):
    """This machine lacks what the work needs, such as a program: that says nothing about what is worked on."""


class Unanswered(FlowmartError):
    """We got no answer: network, time limit, throttling. Worth trying again; never a reason to roll back."""


NO_VERDICT = (Unanswered, Unequipped)
"""Errors that say nothing about the release: it is neither rejected nor rolled back because of them."""


class Throttled(Unanswered):
    """A cloud says that it is asked too often: fewer units are worked on at once from then on."""


class Interrupted(Unanswered):
    """An apply or rollback got no answer and is not known to be done: the claim stays for `recover`."""


class Refused(FlowmartError):
    """The tool or the rules said no. Trying the same thing again gives the same answer."""


class StalePlan(Refused):
    """What was planned is no longer what would happen: plan again."""


class ApprovalWanted(Refused):
    """Nothing was changed: a person has to approve the plans first. `request` is what waits for that."""

    def __init__(self, message: str, request: Any = None) -> None:
        super().__init__(message)
        self.request = request


class Inconclusive(FlowmartError):
    """An analysis has no verdict that decides; `subject` is the unit, or "" for the environment.

    `doubtful`: there are values that are not good, and not only silence. `decide_within`: seconds for a person.
    """

    def __init__(self, message: str, subject: str = "", doubtful: bool = False, decide_within: float = 0.0) -> None:
        super().__init__(message)
        self.subject = subject
        self.doubtful = doubtful
        self.decide_within = decide_within


class PromotionPaused(FlowmartError):
    """What was applied stays, and a person decides whether to continue or to roll back."""


class EnvironmentClosed(Refused):
    """Nothing was changed: a freeze, or a change window that is not open."""


class RolledBack(Refused):
    """A release was rejected in an environment, and everything that was attempted is back as it was."""


class EnvironmentBusy(Refused):
    """Another promotion holds the environment."""


class ClaimLost(FlowmartError):
    """The claim of this run is not its own any more: it writes nothing more and ends its tools."""


class EnvironmentBlocked(Refused):
    """A rollback failed here: a person has to resolve it before anything else may happen."""


class AlreadyExists(FlowmartError):
    """A create-only write found the name taken: somebody else was first."""


class NotFound(FlowmartError):
    """The store has no object, the ledger no entry, the archive no release of that name."""


class BrokenChain(FlowmartError):
    """The ledger does not add up: an entry was changed, removed or put in between."""


class DamagedRelease(FlowmartError):
    """What the store holds of a release is not what was released: something was changed, cut off or removed."""


class UnreadableRecord(FlowmartError):
    """A record of the store has an unknown kind, version or field: another version of the product wrote it."""


class RollbackFailed(FlowmartError):
    """The loudest state there is: the environment is neither on the new release nor on the old one."""
