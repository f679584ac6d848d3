"""How steps end: outcomes, and what applies, observations, verifications and checks came to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from tasks.domain.errors import Throttled, Unanswered
from tasks.domain.plan import Change


class Outcome(StrEnum):
    """How a step ended. `failed`: rejected. `unanswered`: no answer, which is never taken for a rejection."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNANSWERED = "unanswered"


def overall(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome of several steps: failed if one failed, else unanswered if one got no answer."""
    found = set(outcomes)
    return next((worst for worst in (Outcome.FAILED, Outcome.UNANSWERED) if worst in found), Outcome.SUCCEEDED)


@dataclass(frozen=True)
class Applied:
    """The result of an engine's apply or rollback. `outputs` hold `MASK` for sensitive ones.

    `details` is what the engine keeps in the receipt; two results are the same whatever it is. `throttled`: there was
    no answer, because the cloud is asked too often.
    """

    outcome: Outcome
    outputs: Mapping[str, Any] = field(default_factory=dict)
    detail: str = ""
    details: Mapping[str, Any] = field(default_factory=dict, compare=False)
    throttled: bool = False

    @classmethod
    def unanswered(cls, error: Unanswered, detail: str = "") -> Self:
        """The result of an apply that an error ended; `detail` (default: what it says) is for people."""
        return cls(Outcome.UNANSWERED, detail=detail or str(error), throttled=isinstance(error, Throttled))


class Progress(StrEnum):
    """How far an apply got that gave no answer, as far as the tool can tell afterwards."""

    DONE = "done"
    UNCHANGED = "unchanged"
    PARTIAL = "partial"


@dataclass(frozen=True)
class Observation:
    """What is there after an unanswered apply. `outputs` and `details` are as `Applied` has them, once it is done."""

    progress: Progress
    outputs: Mapping[str, Any] = field(default_factory=dict)
    detail: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verification:
    """Whether the tool finds a unit as its receipt says.

    `differences` are what a plan would still change. `pending`: the objects are right, but not ready yet, so asking
    again may succeed.
    """

    outcome: Outcome
    differences: tuple[Change, ...] = ()
    pending: bool = False
    detail: str = ""


@dataclass(frozen=True)
class CheckResult:
    """One smoke check's answer: what was `expected`, what was `found`, after how many attempts and seconds."""

    name: str
    kind: str
    outcome: Outcome
    expected: str
    found: str
    attempts: int = 1
    seconds: float = 0.0
