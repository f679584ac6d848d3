"""Collect the plans of a rehearsal, and derive the result of each unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tasks.domain.outcome import CheckResult
from tasks.domain.plan import Change, Plan, Reversibility
from tasks.domain.rehearsal import RehearsedUnit, UnitResult
from tasks.domain.release import Target
from tasks.ledger.state import EnvironmentState, RecordedRehearsal
from tasks.promotion import conditions
from tasks.promotion.environment_run import EnvironmentRun
from tasks.promotion.rehearsal_pairs import Pair
from tasks.promotion.reporter import Reporter, Silent

Plans = Mapping[str, Sequence[Plan]]
"""{unit: its plans, in the order in which they were made}."""

_UNSEEN = "its tool finds it as it was, but may not see all that the release brought"


class Watching(Silent):
    """Shows plans and checks in the run history, and collects plans. A rehearsal sends no notifications."""

    def __init__(self, shown: Reporter) -> None:
        self._shown = shown
        self._noting = False
        self.plans: dict[str, list[Plan]] = {}

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Collect the plans that are made while the context lasts."""
        self._noting = True
        try:
            yield
        finally:
            self._noting = False

    def planned(self, plan: Plan) -> None:
        """Show a plan, and collect it if wanted."""
        self._shown.planned(plan)
        if self._noting:
            self.plans.setdefault(plan.target.unit, []).append(plan)

    def unchanged(self, run: EnvironmentRun, units: Sequence[str]) -> None:
        """Show that these units are up to date."""
        self._shown.unchanged(run, units)

    def checked(self, target: Target, results: Sequence[CheckResult]) -> None:
        """Show the results of a unit's smoke checks."""
        self._shown.checked(target, results)


def expected(
    left: EnvironmentState, now: EnvironmentState, rehearsals: Sequence[RecordedRehearsal]
) -> dict[str, tuple[Change, ...]]:
    """Return {unit: the differences that it had before the rollback}, which the rollback did not cause.

    Differences that the last rehearsal's rollback left do not count, unless the unit was applied since: a settled
    unit keeps its differences.

    Args:
        left: the state of the scratch environment before the earlier release was promoted there.
        now: its state after that.
        rehearsals: those of the environment whose rollback is rehearsed, oldest first.
    """
    last = next((each.event for each in reversed(rehearsals) if each.event.rehearsed_in == now.environment), None)
    differing = {unit.name for unit in last.units if unit.result is UnitResult.DIFFERS} if last else set()
    unmoved = {unit for unit, receipt in now.receipts.items() if left.receipts.get(unit) == receipt}
    return {unit: found for unit, found in now.residual.items() if unit not in differing & unmoved}


def results(
    pair: Pair, plans: Plans, differences: Mapping[str, Sequence[str]], omitted: Mapping[str, str]
) -> tuple[RehearsedUnit, ...]:
    """Return the result of each unit of the environment.

    Args:
        pair: the two releases.
        plans: those of the release to roll back from.
        differences: {unit: what is not as it was before}, of units that were rolled back.
        omitted: {unit: why it was omitted}.
    """
    return tuple(RehearsedUnit(unit, *_result(pair, unit, plans, differences, omitted)) for unit in pair.units)


def _result(
    pair: Pair, unit: str, plans: Plans, differences: Mapping[str, Sequence[str]], omitted: Mapping[str, str]
) -> tuple[UnitResult, str]:
    if unit not in pair.there:
        return UnitResult.NOT_REHEARSED, f"{pair.scratch} does not have it"
    if unit in omitted:
        return UnitResult.NOT_REHEARSED, omitted[unit]
    if unit in differences:
        return UnitResult.DIFFERS, ", ".join(differences[unit])
    if unit in pair.added:
        return UnitResult.LEFT, f"{pair.earlier.id} does not declare it"
    changing = [plan for plan in plans.get(unit, ()) if not plan.empty or plan.state_changes]
    taken = dict.fromkeys(reason for plan in changing for reason in conditions.irreversible(plan))
    if lost := [reason for reason in taken if reason != Reversibility.NEEDS_CARE]:
        return UnitResult.IRREVERSIBLE, ", ".join(lost)
    if taken:
        return UnitResult.NEEDS_CARE, _UNSEEN
    return (UnitResult.ROLLED_BACK if changing else UnitResult.UNCHANGED), ""
