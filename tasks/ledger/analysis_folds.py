"""Fold the events about analyses: when units were applied, which analyses passed, what is paused. Pure."""

from __future__ import annotations

from dataclasses import replace

from tasks.domain.analysis import ENVIRONMENT, AppliedAt, Paused, Verdict
from tasks.domain.events import AnalysesOmitted, AnalysisEnded, EnvironmentContinued, EnvironmentPaused
from tasks.ledger.entries import Entry
from tasks.ledger.state import EnvironmentState


def applying(state: EnvironmentState, unit: str, at: str) -> EnvironmentState:
    """Fold the start of an apply; a stale plan that is applied once more belongs to the same apply."""
    known = state.applies.get(unit)
    began = known.began if known is not None and not known.ended else at
    applies = {**state.applies, unit: AppliedAt(began, "")}
    return replace(state, applies=applies, analysed=state.analysed - {unit, ENVIRONMENT}, paused=None)


def applied(state: EnvironmentState, unit: str, at: str) -> EnvironmentState:
    """Fold the end of an apply, with which its analysis starts. A unit that was up to date was not applied."""
    known = state.applies.get(unit)
    if known is None or known.ended:
        return state
    return replace(state, applies={**state.applies, unit: replace(known, ended=at)})


def ended(state: EnvironmentState, event: AnalysisEnded, _: Entry) -> EnvironmentState:
    """Fold the verdict of an analysis."""
    good = event.verdict is Verdict.PASSED
    return replace(state, analysed=state.analysed | {event.unit} if good else state.analysed - {event.unit})


def omitted(state: EnvironmentState, _: AnalysesOmitted, __: Entry) -> EnvironmentState:
    """Fold that the promotion continues without analyses."""
    return replace(state, omits_analyses=True)


def paused(state: EnvironmentState, event: EnvironmentPaused, entry: Entry) -> EnvironmentState:
    """Fold that the environment waits for a person; a repeated pause keeps the time of the first."""
    since = state.paused.at if state.paused is not None else entry.at
    found = Paused(event.release, since, event.why, event.doubtful, event.until, event.units)
    return replace(state, paused=found)


def continued(state: EnvironmentState, _: EnvironmentContinued, __: Entry) -> EnvironmentState:
    """Fold that a person accepted the measurements."""
    accepted = state.paused.subjects if state.paused is not None else ()
    return replace(state, paused=None, analysed=state.analysed | {*accepted})
