"""Compute the state of an environment from its entries, one function for each kind of event that changes it. Pure.

Snapshots hold the result: a change to the meaning of a fold must raise `snapshots.VERSION`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tasks.domain.events import (
    AnalysesOmitted,
    AnalysisEnded,
    ApprovalRequested,
    ClaimClosed,
    ClaimTakenOver,
    DriftReported,
    EnvironmentClaimed,
    EnvironmentContinued,
    EnvironmentFrozen,
    EnvironmentInterrupted,
    EnvironmentPaused,
    EnvironmentResolved,
    EnvironmentRestored,
    EnvironmentRollingBack,
    EnvironmentThawed,
    Event,
    PlanSetApproved,
    PlanSetRefused,
    ReleaseRejected,
    ReleaseVerified,
    RollbackRehearsed,
    UnitAdopted,
    UnitApplied,
    UnitApplying,
    UnitRollbackFailed,
    UnitRolledBack,
    UnitSettled,
    UnitSmoked,
    UnitsOmitted,
)
from tasks.domain.events.claims import PROMOTE, RECONCILE, EndedHolder
from tasks.ledger import analysis_folds, approval_folds, unit_folds
from tasks.ledger.entries import Entry
from tasks.ledger.state import (
    Attempt,
    Before,
    Claim,
    EnvironmentState,
    KnownDrift,
    ManualFreeze,
    Past,
    RecordedDrift,
    RecordedRehearsal,
)

_REHEARSALS = 20
"""How many pairs of releases with a rehearsal a state keeps; the ledger has all."""


def fold(state: EnvironmentState, entry: Entry) -> EnvironmentState:
    """Return the state after one more entry. Kinds that only inform (planned, denied ...) change only the head."""
    if change := _FOLDS.get(type(entry.event)):
        state = change(state, entry.event, entry)
    return replace(state, number=entry.number, head=entry.digest, platform=entry.platform or state.platform)


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
        rehearses=event.rehearses,
    )
    drift = replace(state.drift, reconciled_at=entry.at) if event.purpose == RECONCILE else state.drift
    known = replace(state, past=_begun(state.past, event), drift=drift, omitting=())
    return _concluded_if_finished(replace(known, claim=claim))


def _begun(past: Past, event: EnvironmentClaimed) -> Past:
    if event.purpose == PROMOTE:
        past = replace(past, last_begun=event.release, rehearses=event.rehearses)
    # The first promotion counts, so that an edited record cannot replace the known digest.
    recorded = {event.release: event.release_digest} if event.release_digest else {}
    return replace(past, records={**recorded, **past.records})


def _concluded_if_finished(state: EnvironmentState) -> EnvironmentState:
    """Conclude the claim unless units were attempted: the next run may need the state to roll back to."""
    return replace(state, interrupted=None) if state.attempt.units else _concluded(state)


def _concluded(state: EnvironmentState) -> EnvironmentState:
    """Forget the attempt: the next rollback returns to what is applied now."""
    before = Before(state.receipts, state.smoked, state.verified)
    return replace(state, attempt=Attempt(before), interrupted=None, paused=None)


def _omitted(state: EnvironmentState, event: UnitsOmitted, _: Entry) -> EnvironmentState:
    omitting = (*state.omitting, event)
    omitted = {**state.past.omitted, event.release: omitting}
    return replace(state, omitting=omitting, past=replace(state.past, omitted=omitted))


def _taken_over(state: EnvironmentState, event: ClaimTakenOver, entry: Entry) -> EnvironmentState:
    # Only the holder changes: what the dead run attempted may still have to be rolled back.
    if state.claim is None:
        return state
    claim = replace(state.claim, entry=entry.id, run=entry.run, actor=entry.actor, holder=event.holder)
    if event.run_is_over:
        user, host = (str(state.claim.holder.get(key, "")) for key in ("user", "host"))
        claim = replace(claim, ended=(*claim.ended, EndedHolder(user, host, entry.at)))
    return replace(state, claim=claim, omitting=())


def _closed(state: EnvironmentState, _: ClaimClosed, __: Entry) -> EnvironmentState:
    return _concluded_if_finished(replace(state, claim=None))


def _verified(state: EnvironmentState, event: ReleaseVerified, entry: Entry) -> EnvironmentState:
    claim, past = state.claim, state.past
    earlier = (release for release in past.verified_releases if release != event.release)
    origin = {event.release: claim.provenance} if claim is not None and claim.release == event.release else {}
    complete = claim is not None and claim.purpose == PROMOTE and not state.omitting
    others = {release: events for release, events in past.omitted.items() if release != event.release}
    past = replace(
        past,
        verified_releases=(*earlier, event.release),
        rules=event.rules,
        origins={**past.origins, **origin},
        omitted=others if complete else past.omitted,
    )
    verified = replace(
        state,
        verified=event.release,
        verified_at=state.verified_at if state.verified == event.release else entry.at,
        rejected=state.rejected - {event.release},
        past=past,
    )
    return _concluded(verified)


def _rolling_back(state: EnvironmentState, event: EnvironmentRollingBack, _: Entry) -> EnvironmentState:
    attempt = replace(state.attempt, rolling_back=event.why, rejects=event.rejects)
    return replace(state, attempt=attempt, paused=None)


def _interrupted(state: EnvironmentState, event: EnvironmentInterrupted, _: Entry) -> EnvironmentState:
    return replace(state, interrupted=event.why)


def _rejected(state: EnvironmentState, event: ReleaseRejected, _: Entry) -> EnvironmentState:
    # What was approved has been tried: trying it again needs another decision. A refusal stays.
    left = tuple(
        each for each in state.approvals if each.asked.release != event.release or each.decision == "refused"
    )
    return replace(state, rejected=state.rejected | {event.release}, approvals=left)


def _restored(state: EnvironmentState, _: EnvironmentRestored, entry: Entry) -> EnvironmentState:
    # A unit that was not attempted is unchanged, so its earlier receipt still applies.
    before, attempted = state.attempt.before, state.attempt.units
    untouched = {unit: held for unit, held in before.receipts.items() if unit not in attempted}
    smoked = state.smoked | (before.smoked & {*untouched})
    receipts = {**state.receipts, **untouched}
    # If something was attempted, another release was here in between, so the soak time starts again.
    since = state.verified_at or (entry.at if before.verified else None)
    restored = replace(state, receipts=receipts, smoked=smoked, verified=before.verified, verified_at=since)
    return _concluded(restored)


def _blocked(state: EnvironmentState, event: UnitRollbackFailed, _: Entry) -> EnvironmentState:
    return replace(state, blocked=event.why)


def _resolved(state: EnvironmentState, _: EnvironmentResolved, __: Entry) -> EnvironmentState:
    return replace(state, blocked=None)


def _frozen(state: EnvironmentState, event: EnvironmentFrozen, entry: Entry) -> EnvironmentState:
    return replace(state, frozen=ManualFreeze(entry.actor, event.reason, event.until))


def _thawed(state: EnvironmentState, _: EnvironmentThawed, __: Entry) -> EnvironmentState:
    return replace(state, frozen=None)


def _drift_reported(state: EnvironmentState, event: DriftReported, entry: Entry) -> EnvironmentState:
    # A unit that did not respond keeps its known drift; one that is no longer compared is dropped.
    kept = {unit: items for unit, items in state.drift.found.items() if unit in event.unanswered}
    compared = {unit: tuple(item for item in event.drifted if item.unit == unit) for unit in event.units}
    drift = KnownDrift(
        found={**kept, **compared},
        outdated=state.drift.outdated - {*event.units},
        reconciled_at=state.drift.reconciled_at,
        report=RecordedDrift(entry.number, entry.at, event),
    )
    return replace(state, drift=drift)


def _rehearsed(state: EnvironmentState, event: RollbackRehearsed, entry: Entry) -> EnvironmentState:
    pair = event.release, event.earlier
    others = (each for each in state.rehearsals if (each.event.release, each.event.earlier) != pair)
    rehearsals = (*others, RecordedRehearsal(entry.at, event))
    return replace(state, rehearsals=rehearsals[-_REHEARSALS:])


_FOLDS: Mapping[type[Event], Callable[[EnvironmentState, Any, Entry], EnvironmentState]] = {
    EnvironmentClaimed: _claimed,
    ClaimTakenOver: _taken_over,
    ClaimClosed: _closed,
    UnitApplying: unit_folds.applying,
    UnitAdopted: unit_folds.adopted,
    UnitApplied: unit_folds.applied,
    UnitSettled: unit_folds.settled,
    UnitSmoked: unit_folds.smoked,
    UnitsOmitted: _omitted,
    UnitRolledBack: unit_folds.rolled_back,
    ReleaseVerified: _verified,
    EnvironmentInterrupted: _interrupted,
    AnalysisEnded: analysis_folds.ended,
    AnalysesOmitted: analysis_folds.omitted,
    EnvironmentPaused: analysis_folds.paused,
    EnvironmentContinued: analysis_folds.continued,
    EnvironmentRollingBack: _rolling_back,
    EnvironmentRestored: _restored,
    ReleaseRejected: _rejected,
    UnitRollbackFailed: _blocked,
    EnvironmentResolved: _resolved,
    EnvironmentFrozen: _frozen,
    EnvironmentThawed: _thawed,
    ApprovalRequested: approval_folds.requested,
    PlanSetApproved: approval_folds.decided,
    PlanSetRefused: approval_folds.decided,
    DriftReported: _drift_reported,
    RollbackRehearsed: _rehearsed,
}
