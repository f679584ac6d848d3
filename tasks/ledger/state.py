"""Where an environment stands: what its ledger entries add up to. Pure.

The ledger is the only memory. Which release is here, who holds the claim, what was begun and not finished,
how to get back: all of it is folded out of the entries, again each time, so there is no second truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from tasks.domain.environment_graph import Verified
from tasks.domain.events import (
    ClaimClosed,
    ClaimTakenOver,
    EnvironmentClaimed,
    EnvironmentInterrupted,
    EnvironmentResolved,
    EnvironmentRestored,
    EnvironmentRollingBack,
    Event,
    ReleaseRejected,
    ReleaseVerified,
    UnitAdopted,
    UnitApplied,
    UnitApplying,
    UnitRollbackFailed,
    UnitRolledBack,
    UnitSettled,
    UnitSmoked,
)
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Change
from tasks.domain.release import Baseline, Receipt, Release
from tasks.ledger.entries import Entry

Held = TypeVar("Held")


@dataclass(frozen=True)
class Claim:
    """Who holds an environment, for which release, since when. `holder` is what tells whether the run is over.

    `release_digest` is that of the release's record, `provenance` where the release came from this time.
    """

    entry: str
    release: str
    purpose: str
    run: str
    actor: str
    at: str
    holder: Mapping[str, Any]
    release_digest: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EnvironmentState:
    """An environment after all its entries.

    `receipts` is what is applied now, `smoked` the units whose checks passed on it, `verified` the release that
    all units passed on, `verified_at` since when without a break. The `..._before` are the same at the time that the
    open claim began, and `attempted` the units whose apply was begun under it, in order: together, how to get back.
    `created` are the addresses that those applies create or replace, by unit: all that a rollback may delete.
    `baselines` is what existed of a unit before
    our first apply, and `residual` the differences that each unit always has. `rolling_back` says why, while a
    rollback has begun and not ended, and `rejects` whether the release is rejected then; `interrupted` why a run
    stopped without knowing how far it got.
    """

    environment: str
    receipts: Mapping[str, Receipt] = field(default_factory=dict)
    smoked: frozenset[str] = frozenset()
    verified: str | None = None
    verified_at: str | None = None
    rejected: frozenset[str] = frozenset()
    claim: Claim | None = None
    before: Mapping[str, Receipt] = field(default_factory=dict)
    smoked_before: frozenset[str] = frozenset()
    verified_before: str | None = None
    rolling_back: str | None = None
    rejects: bool = False
    interrupted: str | None = None
    attempted: tuple[str, ...] = ()
    created: Mapping[str, frozenset[str]] = field(default_factory=dict)
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    residual: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)
    blocked: str | None = None


def environment_state(environment: str, entries: Iterable[Entry]) -> EnvironmentState:
    """Fold the entries, oldest first. Kinds that only inform (planned, denied, drift ...) change nothing."""
    state = EnvironmentState(environment)
    for entry in entries:
        if fold := _FOLDS.get(type(entry.event)):
            state = fold(state, entry.event, entry)
    return state


def left_behind(found: EnvironmentState, release: Release) -> tuple[str, ...]:
    """Units that are applied in an environment and that the release there does not declare any more."""
    return tuple(sorted(unit for unit in found.receipts if f"{found.environment}/{unit}" not in release.units))


def verified_in(states: Iterable[EnvironmentState]) -> dict[str, Verified]:
    """The releases that are verified now, by environment, for the rules of the environment graph."""
    return {
        state.environment: Verified(state.verified, datetime.fromisoformat(state.verified_at))
        for state in states
        if state.verified and state.verified_at
    }


def receipt_of(entry: Entry) -> Receipt | None:
    """The receipt of an `applied` or `rolled_back` entry; None where the unit was removed."""
    event = entry.event
    held = event.receipt if isinstance(event, UnitApplied | UnitRolledBack) else None
    return replace(held, id=entry.id, at=entry.at) if held else None


def _claimed(state: EnvironmentState, event: EnvironmentClaimed, entry: Entry) -> EnvironmentState:
    claim = Claim(
        entry=entry.id,
        release=event.release,
        purpose=event.purpose,
        run=entry.run,
        actor=entry.actor,
        at=entry.at,
        holder=event.holder,
        release_digest=event.release_digest,
        provenance=event.provenance,
    )
    return _concluded_if_finished(replace(state, claim=claim))


def _concluded_if_finished(state: EnvironmentState) -> EnvironmentState:
    """A run that stopped on the way leaves what one would return to as it was: the next one may still need it."""
    return replace(state, interrupted=None) if state.attempted else _concluded(state)


def _concluded(state: EnvironmentState) -> EnvironmentState:
    """From here on there is nothing to roll back: what is there now is what one would return to."""
    return replace(
        state,
        before=state.receipts,
        smoked_before=state.smoked,
        verified_before=state.verified,
        rolling_back=None,
        interrupted=None,
        attempted=(),
        created={},
    )


def _taken_over(state: EnvironmentState, event: ClaimTakenOver, entry: Entry) -> EnvironmentState:
    # Only the holder changes: what the dead run began has still to be rolled back.
    if state.claim is None:
        return state
    claim = replace(state.claim, entry=entry.id, run=entry.run, actor=entry.actor, holder=event.holder)
    return replace(state, claim=claim)


def _closed(state: EnvironmentState, _: ClaimClosed, __: Entry) -> EnvironmentState:
    return _concluded_if_finished(replace(state, claim=None))


def _applying(state: EnvironmentState, event: UnitApplying, _: Entry) -> EnvironmentState:
    unit = event.unit
    attempted = state.attempted if unit in state.attempted else (*state.attempted, unit)
    # A stale plan is applied once more from a newer one: both may have created something.
    created = {**state.created, unit: frozenset({*state.created.get(unit, ()), *event.creates})}
    state = replace(state, attempted=attempted, created=created, smoked=state.smoked - {unit})
    state = replace(state, verified=None, verified_at=None)
    return _with_baseline(state, unit, event.baseline)


def _adopted(state: EnvironmentState, event: UnitAdopted, _: Entry) -> EnvironmentState:
    return _with_baseline(state, event.unit, event.baseline)


def _with_baseline(state: EnvironmentState, unit: str, baseline: Baseline | None) -> EnvironmentState:
    # The first one counts: what is found later may be of our own making.
    if baseline is None or unit in state.baselines:
        return state
    return replace(state, baselines={**state.baselines, unit: baseline})


def _received(state: EnvironmentState, event: UnitApplied | UnitRolledBack, entry: Entry) -> EnvironmentState:
    receipt = receipt_of(entry)
    others = _without(state.receipts, event.unit)
    receipts = {**others, event.unit: receipt} if receipt else others
    return replace(state, receipts=receipts, residual=_without(state.residual, event.unit))


def _settled(state: EnvironmentState, event: UnitSettled, _: Entry) -> EnvironmentState:
    return replace(state, residual={**state.residual, event.unit: event.residual})


def _smoked(state: EnvironmentState, event: UnitSmoked, _: Entry) -> EnvironmentState:
    passed = event.outcome is Outcome.SUCCEEDED
    return replace(state, smoked=state.smoked | {event.unit} if passed else state.smoked - {event.unit})


def _rolled_back(state: EnvironmentState, event: UnitRolledBack, entry: Entry) -> EnvironmentState:
    # What was found good before this promotion is good again; what could only be left as it is was never found good.
    good = event.unit in state.smoked_before and not event.kept
    smoked = state.smoked | {event.unit} if good else state.smoked - {event.unit}
    return replace(_received(state, event, entry), smoked=smoked)


def _verified(state: EnvironmentState, event: ReleaseVerified, entry: Entry) -> EnvironmentState:
    since = state.verified_at if state.verified == event.release else entry.at
    rejected = state.rejected - {event.release}
    return _concluded(replace(state, verified=event.release, verified_at=since, rejected=rejected))


def _rolling_back(state: EnvironmentState, event: EnvironmentRollingBack, _: Entry) -> EnvironmentState:
    return replace(state, rolling_back=event.why, rejects=event.rejects)


def _interrupted(state: EnvironmentState, event: EnvironmentInterrupted, _: Entry) -> EnvironmentState:
    return replace(state, interrupted=event.why)


def _rejected(state: EnvironmentState, event: ReleaseRejected, _: Entry) -> EnvironmentState:
    return replace(state, rejected=state.rejected | {event.release})


def _restored(state: EnvironmentState, _: EnvironmentRestored, entry: Entry) -> EnvironmentState:
    # A unit in which the release changed nothing was not attempted: it is where it was, by its earlier receipt.
    untouched = {unit: held for unit, held in state.before.items() if unit not in state.attempted}
    smoked = state.smoked | (state.smoked_before & {*untouched})
    receipts = {**state.receipts, **untouched}
    # Where something was attempted, another release was here meanwhile: the soak time begins again.
    since = state.verified_at or (entry.at if state.verified_before else None)
    restored = replace(state, receipts=receipts, smoked=smoked, verified=state.verified_before, verified_at=since)
    return _concluded(restored)


def _blocked(state: EnvironmentState, event: UnitRollbackFailed, _: Entry) -> EnvironmentState:
    return replace(state, blocked=event.why)


def _resolved(state: EnvironmentState, _: EnvironmentResolved, __: Entry) -> EnvironmentState:
    return replace(state, blocked=None)


def _without(held: Mapping[str, Held], unit: str) -> dict[str, Held]:
    return {name: each for name, each in held.items() if name != unit}


_FOLDS: Mapping[type[Event], Callable[[EnvironmentState, Any, Entry], EnvironmentState]] = {
    EnvironmentClaimed: _claimed,
    ClaimTakenOver: _taken_over,
    ClaimClosed: _closed,
    UnitApplying: _applying,
    UnitAdopted: _adopted,
    UnitApplied: _received,
    UnitSettled: _settled,
    UnitSmoked: _smoked,
    UnitRolledBack: _rolled_back,
    ReleaseVerified: _verified,
    EnvironmentInterrupted: _interrupted,
    EnvironmentRollingBack: _rolling_back,
    EnvironmentRestored: _restored,
    ReleaseRejected: _rejected,
    UnitRollbackFailed: _blocked,
    EnvironmentResolved: _resolved,
}
