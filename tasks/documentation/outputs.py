"""What a unit gives to others: the outputs that its source declares, else those of what is applied."""

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
    """The names of outputs, and why the source does not tell them, where it does not."""

    names: tuple[str, ...] = ()
    untold: str = ""


def read(unit: Unit | None, root: Path, applied: Iterable[Receipt]) -> Outputs:
    """The outputs of a unit.

    Args:
        unit: the unit with its source in an environment; None where only releases know that.
        root: the folder that sources are relative to.
        applied: what is applied of it, in all environments.
    """
    known = tuple(sorted({name for receipt in applied for name in receipt.outputs}))
    if unit is None:
        return Outputs(known)
    try:
        gives = interface(root, unit).gives
    except FlowmartError as error:
        return Outputs(known, first_line(str(error)))
    return Outputs(known if gives is None else tuple(gives))
