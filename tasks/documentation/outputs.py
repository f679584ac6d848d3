"""Reads the outputs of a unit: those that its source declares, or else those of what is applied."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tasks.domain.errors import FlowmartError
from tasks.domain.platform import Unit
from tasks.domain.release import Receipt
from tasks.domain.wording import first_line
from tasks.engines import interface


@dataclass(frozen=True)
class Outputs:
    """The names of outputs, and, if the source does not declare them, the reason."""

    names: tuple[str, ...] = ()
    untold: str = ""


def read(unit: Unit | None, root: Path, applied: Iterable[Receipt]) -> Outputs:
    """Return the outputs of a unit.

    Args:
        unit: the unit with its source in an environment; None if only releases know the source.
        root: the folder that sources are relative to.
        applied: the unit's receipts in all environments.
    """
    known = tuple(sorted({name for receipt in applied for name in receipt.outputs}))
    if unit is None:
        return Outputs(known)
    try:
        gives = interface(root, unit).gives
    except FlowmartError as error:
        return Outputs(known, first_line(str(error)))
    return Outputs(known if gives is None else tuple(gives))
