"""A rehearsed rollback: what became of each unit. Data, no effects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class UnitResult(StrEnum):
    """What a rehearsed rollback did to a unit."""

    ROLLED_BACK = "rolled back"
    UNCHANGED = "unchanged"
    IRREVERSIBLE = "irreversible"
    NEEDS_CARE = "needs care"
    LEFT = "left in place"
    DIFFERS = "differs"
    NOT_REHEARSED = "not rehearsed"


GOOD = (UnitResult.ROLLED_BACK, UnitResult.UNCHANGED)
"""The results of units for which a rollback brings everything back."""


@dataclass(frozen=True)
class RehearsedUnit:
    """A unit of the environment that a rollback was rehearsed for, and `why` the result is not simply good."""

    name: str
    result: UnitResult
    why: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.result}{f' ({self.why})' if self.why else ''}"
