"""Fold the events about analyses: when units were applied, which analyses passed, what is paused. Pure."""

from __future__ import annotations

from dataclasses import replace

from tasks.domain.analysis import ENVIRONMENT, AppliedAt, Paused, Verdict
from tasks.domain.events import AnalysesOmitted, AnalysisEnded, EnvironmentContinued, EnvironmentPaused
from tasks.ledger.entries import Entry
from tasks.ledger.state import EnvironmentState


def applying(state: EnvironmentState, unit: str, at: str) -> EnvironmentState:
    """Fold the start of an apply; a stale plan that is applied once more belongs to the same apply."""
    attempt = state.attempt
    known = attempt.applied_at.get(unit)
    began = known.began if known is not None and not known.ended else at
    applied_at = {**attempt.applied_at, unit: AppliedAt(began, "")}
    attempt = replace(attempt, applied_at=applied_at, analysed=attempt.analysed - {unit, ENVIRONMENT})
    return replace(state, attempt=attempt, paused=None)


def applied(state: EnvironmentState, unit: str, at: str) -> EnvironmentState:
    """Fold the end of an apply, with which its analysis starts. A unit that was up to date was not applied."""
    applied_at = state.attempt.applied_at
    known = applied_at.get(unit)
    if known is None or known.ended:
        return state
    applied_at = {**applied_at, unit: replace(known, ended=at)}
    return replace(state, attempt=replace(state.attempt, applied_at=applied_at))


def ended(state: EnvironmentState, event: AnalysisEnded, _: Entry) -> EnvironmentState:
    """Fold the verdict of an analysis."""
    others = state.attempt.analysed - {event.unit}
    analysed = others | {event.unit} if event.verdict is Verdict.PASSED else others
    return replace(state, attempt=replace(state.attempt, analysed=analysed))


def omitted(state: EnvironmentState, _: AnalysesOmitted, __: Entry) -> EnvironmentState:
    """Fold that the promotion continues without analyses."""
    return replace(state, attempt=replace(state.attempt, omits_analyses=True))


def paused(state: EnvironmentState, event: EnvironmentPaused, entry: Entry) -> EnvironmentState:
    """Fold that the environment waits for a person; a repeated pause keeps the time of the first."""
    since = state.paused.at if state.paused is not None else entry.at
    found = Paused(event.release, since, event.why, event.doubtful, event.until, event.units)
    return replace(state, paused=found)


def continued(state: EnvironmentState, _: EnvironmentContinued, __: Entry) -> EnvironmentState:
    """Fold that a person accepted the measurements."""
    accepted = state.paused.subjects if state.paused is not None else ()
    attempt = replace(state.attempt, analysed=state.attempt.analysed | {*accepted})
    return replace(state, attempt=attempt, paused=None)
