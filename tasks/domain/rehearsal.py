"""Defines the result of a rehearsed rollback for each unit. Data, no effects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class UnitResult(StrEnum):
    """The effect of a rehearsed rollback on a unit."""

    ROLLED_BACK = "rolled back"
    UNCHANGED = "unchanged"
    IRREVERSIBLE = "irreversible"
    NEEDS_CARE = "needs care"
    LEFT = "left in place"
    DIFFERS = "differs"
    NOT_REHEARSED = "not rehearsed"


GOOD = (UnitResult.ROLLED_BACK, UnitResult.UNCHANGED)
"""The results of units that a rollback restores completely."""


@dataclass(frozen=True)
class RehearsedUnit:
    """A unit of the environment whose rollback was rehearsed. `why` explains any result that is not good."""

    name: str
    result: UnitResult
    why: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.result}{f' ({self.why})' if self.why else ''}"
