"""What a unit gives to others: the outputs that its source declares, else those of what is applied."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tasks.domain.errors import FlowmartError
from tasks.domain.release import Receipt
from tasks.domain.wording import first_line
from tasks.engines import interface


@dataclass(frozen=True)
class Outputs:
    """The names of outputs, and why the source does not tell them, where it does not."""

    names: tuple[str, ...] = ()
    untold: str = ""


def read(engine: str, root: Path, source: str, applied: Iterable[Receipt]) -> Outputs:
    """The outputs of a unit.

    Args:
        engine: the unit's engine.
        root: the folder that sources are relative to.
        source: the unit's folder; "" where only releases know it.
        applied: what is applied of it, in all environments.
    """
    known = tuple(sorted({name for receipt in applied for name in receipt.outputs}))
    if not source:
        return Outputs(known)
    try:
        gives = interface(engine, root, source).gives
    except FlowmartError as error:
        return Outputs(known, first_line(str(error)))
    return Outputs(known if gives is None else tuple(gives))
