"""Defines the outcomes of steps, and the results of applies, observations, verifications and checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from tasks.domain.errors import Throttled, Unanswered
from tasks.domain.plan import Change


class Outcome(StrEnum):
    """How a step ended. `failed` means rejected. `unanswered` means no response, and never counts as a rejection."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNANSWERED = "unanswered"


def overall(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the combined outcome of several steps.

    Returns:
        FAILED if any step failed, else UNANSWERED if any got no response, else SUCCEEDED.
    """
    found = set(outcomes)
    return next((worst for worst in (Outcome.FAILED, Outcome.UNANSWERED) if worst in found), Outcome.SUCCEEDED)


@dataclass(frozen=True)
class Applied:
    """The result of an engine's apply or rollback. Sensitive `outputs` are `MASK`.

    The engine keeps `details` in the receipt; they are ignored when two results are compared. `throttled` means that
    the cloud did not respond because it receives too many requests. `unsaved` means that the tool could not record
    all that it did: a later plan may show objects as missing that exist.
    """

    outcome: Outcome
    outputs: Mapping[str, Any] = field(default_factory=dict)
    detail: str = ""
    details: Mapping[str, Any] = field(default_factory=dict, compare=False)
    throttled: bool = False
    unsaved: bool = False

    @classmethod
    def unanswered(cls, error: Unanswered, detail: str = "") -> Self:
        """Return the result of an apply that ended with an error.

        Args:
            error: the error; its type decides whether the result is `throttled`.
            detail: a text for people; the default is the error's message.
        """
        return cls(Outcome.UNANSWERED, detail=detail or str(error), throttled=isinstance(error, Throttled))


class Progress(StrEnum):
    """How far an apply without a response got, as far as the tool can tell afterwards."""

    DONE = "done"
    UNCHANGED = "unchanged"
    PARTIAL = "partial"


@dataclass(frozen=True)
class Observation:
    """The state found after an unanswered apply. If it is done, `outputs` and `details` are those of `Applied`."""

    progress: Progress
    outputs: Mapping[str, Any] = field(default_factory=dict)
    detail: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verification:
    """Whether the tool finds a unit to be as its receipt says.

    `differences` are the changes that a plan would still make. `pending` means that the objects are correct but not
    ready yet, so a retry may succeed.
    """

    outcome: Outcome
    differences: tuple[Change, ...] = ()
    pending: bool = False
    detail: str = ""


@dataclass(frozen=True)
class CheckResult:
    """The result of one smoke check: what was `expected`, what was `found`, after how many attempts and seconds."""

    name: str
    kind: str
    outcome: Outcome
    expected: str
    found: str
    attempts: int = 1
    seconds: float = 0.0
