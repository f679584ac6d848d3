"""A rehearsed rollback: what became of each unit, and the whole of it in a sentence. Data, no effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class UnitResult(StrEnum):
    """What a rehearsed rollback did to a unit."""

    ROLLED_BACK = "rolled back"
    UNCHANGED = "unchanged"
    IRREVERSIBLE = "irreversible"
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


def worked(units: Sequence[RehearsedUnit]) -> str:
    """ "worked for 6 of 7 units; database: irreversible (database deletes table.orders)"."""
    others = [unit for unit in units if unit.result not in GOOD]
    every = "1 unit" if len(units) == 1 else f"{len(units)} units"
    of = f"{len(units) - len(others)} of {every}" if others else f"all {every}" if units[1:] else every
    return "; ".join([f"worked for {of}", *map(str, others)])
