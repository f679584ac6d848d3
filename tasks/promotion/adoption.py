"""Adopt infrastructure that exists already: record it as the baseline, and apply nothing.

A rollback never removes what a baseline describes: it restores it, or leaves the unit as it is. A unit of which the
tool knows nothing yet has no baseline; its release may import what exists, which the next promotion does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.domain.errors import InvalidInput, Refused, Unanswered
from tasks.domain.events import UnitAdopted
from tasks.domain.plan import Plan
from tasks.domain.release import Baseline, Inputs
from tasks.engines.base import UnitEngine
from tasks.promotion.environment_run import EnvironmentRun


@dataclass(frozen=True)
class Adopted:
    """One unit: what existed, and what the release would change about it.

    `baseline` is None if nothing is recorded, because the release would import it.
    """

    unit: str
    baseline: Baseline | None
    plan: Plan | None


def adopt(run: EnvironmentRun, unit: str | None = None) -> Sequence[Adopted]:
    """Record what exists of one unit, or of all units that were never applied by us; list what is to be imported.

    Args:
        unit: the only unit to adopt; None: all.

    Raises:
        InvalidInput: nothing exists to adopt, or the environment has no such unit.
    """
    if unit is not None and unit not in run.units:
        raise InvalidInput(f"{unit}: {run.environment.name} has no such unit; its units: {', '.join(run.units)}")
    found = [adopted for name in ([unit] if unit else run.units) if (adopted := _adopted(run, name))]
    if not found:
        what = unit or "any of its units"
        raise InvalidInput(f"{run.environment.name}: nothing exists of {what} that was not applied by flowmart")
    return found


def _adopted(run: EnvironmentRun, unit: str) -> Adopted | None:
    state = run.state()
    if unit in state.receipts:
        return None
    engine, inputs = run.engine(run.target(unit)), run.inputs(unit, state.receipts)
    baseline = engine.adopt()
    if baseline is None:
        return _importing(run, unit, engine, inputs)
    made = engine.plan(inputs) if inputs.known else None
    run.record(UnitAdopted(**run.about(unit), baseline=baseline, counts=made.counts if made else {}))
    run.log(unit).info("adopted", what=baseline.description)
    if made is not None:
        run.reporter.planned(made)
    return Adopted(unit, baseline, made)


def _importing(run: EnvironmentRun, unit: str, engine: UnitEngine, inputs: Inputs) -> Adopted | None:
    """Return the plan of a unit of which nothing is recorded, if it imports something.

    A unit that cannot be planned now keeps no other from being adopted: the next promotion plans it again.
    """
    try:
        made = engine.plan(inputs) if inputs.known else None
    except (Refused, Unanswered, InvalidInput) as error:
        run.log(unit).warning("imports are not known: it cannot be planned", error=str(error))
        return None
    if made is None or not made.imports:
        return None
    run.reporter.planned(made)
    return Adopted(unit, None, made)
