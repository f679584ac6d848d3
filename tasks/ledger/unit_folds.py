"""Fold the events about units: what was applied, checked, adopted and rolled back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from tasks.domain.analysis import AppliedAt
from tasks.domain.events import UnitAdopted, UnitApplied, UnitApplying, UnitRolledBack, UnitSettled, UnitSmoked
from tasks.domain.outcome import Outcome
from tasks.domain.release import Baseline
from tasks.ledger import analysis_folds
from tasks.ledger.entries import Entry
from tasks.ledger.state import Attempt, EnvironmentState

Held = TypeVar("Held")


def applying(state: EnvironmentState, event: UnitApplying, entry: Entry) -> EnvironmentState:
    """Fold the start of an apply: the environment is verified no more."""
    unit = event.unit
    state = replace(state, attempt=_attempted(state.attempt, event), verified=None, verified_at=None)
    state = replace(state, smoked=state.smoked - {unit}, unfinished=state.unfinished | {unit})
    state = analysis_folds.applying(state, unit, entry.at)
    return _with_baseline(state, unit, event.baseline)


def _attempted(attempt: Attempt, event: UnitApplying) -> Attempt:
    unit = event.unit
    units = attempt.units if unit in attempt.units else (*attempt.units, unit)
    # A stale plan is replaced by a newer one and applied once more: both may have created something.
    created = {**attempt.created, unit: frozenset({*attempt.created.get(unit, ()), *event.creates})}
    done = dict.fromkeys((*attempt.state_changes.get(unit, ()), *event.state_changes))
    state_changes = {**attempt.state_changes, unit: tuple(done)}
    return replace(attempt, units=units, created=created, state_changes=state_changes)


def adopted(state: EnvironmentState, event: UnitAdopted, _: Entry) -> EnvironmentState:
    """Fold that a person took over what exists of a unit."""
    return _with_baseline(state, event.unit, event.baseline)


def _with_baseline(state: EnvironmentState, unit: str, baseline: Baseline | None) -> EnvironmentState:
    # The first baseline counts: what is found later may have been created by an apply of this product.
    if baseline is None or unit in state.baselines:
        return state
    return replace(state, baselines={**state.baselines, unit: baseline})


def _received(state: EnvironmentState, event: UnitApplied | UnitRolledBack, entry: Entry) -> EnvironmentState:
    receipt = replace(event.receipt, id=entry.id, at=entry.at) if event.receipt else None
    others = _without(state.receipts, event.unit)
    receipts = {**others, event.unit: receipt} if receipt else others
    drift = replace(state.drift, outdated=state.drift.outdated | {event.unit})
    return replace(state, receipts=receipts, residual=_without(state.residual, event.unit), drift=drift)


def applied(state: EnvironmentState, event: UnitApplied, entry: Entry) -> EnvironmentState:
    """Fold the end of an apply."""
    state = analysis_folds.applied(state, event.unit, entry.at)
    took = _seconds(state.attempt.applied_at.get(event.unit), event.unit)
    state = replace(state, seconds={**state.seconds, **took})
    return replace(_received(state, event, entry), unfinished=state.unfinished - {event.unit})


def _seconds(applied: AppliedAt | None, unit: str) -> dict[str, float]:
    """Return {unit: seconds that its apply took}; empty for a unit that was up to date."""
    if applied is None or not applied.ended:
        return {}
    took = datetime.fromisoformat(applied.ended) - datetime.fromisoformat(applied.began)
    return {unit: took.total_seconds()}


def settled(state: EnvironmentState, event: UnitSettled, _: Entry) -> EnvironmentState:
    """Fold the differences that a unit has right after an apply."""
    return replace(state, residual={**state.residual, event.unit: event.residual})


def smoked(state: EnvironmentState, event: UnitSmoked, _: Entry) -> EnvironmentState:
    """Fold the outcome of a unit's checks."""
    passed = event.outcome is Outcome.SUCCEEDED
    return replace(state, smoked=state.smoked | {event.unit} if passed else state.smoked - {event.unit})


def rolled_back(state: EnvironmentState, event: UnitRolledBack, entry: Entry) -> EnvironmentState:
    """Fold that a unit is at its earlier receipt again, removed, or kept as it is."""
    # The checks that passed before this promotion count again, unless the unit was left as it is.
    good = event.unit in state.attempt.before.smoked and not event.kept
    smoked = state.smoked | {event.unit} if good else state.smoked - {event.unit}
    finished = {event.unit} if event.receipt and not event.kept else frozenset[str]()
    return replace(_received(state, event, entry), smoked=smoked, unfinished=state.unfinished - finished)


def _without(held: Mapping[str, Held], unit: str) -> dict[str, Held]:
    return {name: each for name, each in held.items() if name != unit}
