"""Estimate how long an environment still takes from each unit on, to begin with the units that hold it up."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence

from tasks.domain import graph
from tasks.domain.platform import Unit


def of_units(
    units: Iterable[Unit],
    needs: graph.Needs,
    usual: Mapping[str, float],
    took: Sequence[Mapping[str, float]],
) -> dict[str, float]:
    """Return {unit: seconds of applies and analyses from it to the end of its longest chain}.

    Args:
        units: the units of the environment.
        needs: {unit: the units it needs}.
        usual: {engine: seconds that an apply usually takes}, for units without an earlier apply.
        took: {unit: seconds that its last apply took}, of this environment and then of those before it.
    """
    known = ChainMap(*map(dict, took))
    costs, endings = {}, {}
    for unit in units:
        measured = unit.analysis.seconds if unit.analysis else 0.0
        waits = unit.analysis is not None and unit.analysis.blocks
        costs[unit.name] = known.get(unit.name, usual[unit.engine]) + (measured if waits else 0.0)
        endings[unit.name] = 0.0 if waits else measured
    return graph.ways_to_the_end(needs, costs, endings)
