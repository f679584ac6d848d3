"""How steps end: outcomes, and what applies and checks came to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How a step ended. `failed`: it said no. `unanswered`: we could not ask. Never mixed up."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNANSWERED = "unanswered"


def overall(outcomes: Iterable[Outcome]) -> Outcome:
    """What several steps come to. One no is a no; without one, no answer is no answer."""
    found = set(outcomes)
    return next((worst for worst in (Outcome.FAILED, Outcome.UNANSWERED) if worst in found), Outcome.SUCCEEDED)


@dataclass(frozen=True)
class Applied:
    """What an engine's apply or rollback came to. `outputs` hold `MASK` for sensitive ones."""

    outcome: Outcome
    outputs: Mapping[str, Any] = field(default_factory=dict)
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
