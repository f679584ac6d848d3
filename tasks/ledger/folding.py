"""Compute the state of an environment from its entries, one function for each kind of event that changes it. Pure.

Snapshots hold the result: a change to the meaning of a fold must raise `snapshots.VERSION`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from tasks.domain.analysis import AppliedAt
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
from tasks.domain.outcome import Outcome
from tasks.domain.release import Baseline, Receipt
from tasks.ledger import analysis_folds, approval_folds
from tasks.ledger.entries import Entry
from tasks.ledger.state import (
    Claim,
    EnvironmentState,
    KnownDrift,
    ManualFreeze,
    RecordedDrift,
    RecordedRehearsal,
)

Held = TypeVar("Held")

_REHEARSALS = 20
"""How many pairs of releases with a rehearsal a state keeps; the ledger has all."""


def fold(state: EnvironmentState, entry: Entry) -> EnvironmentState:
    """Return the state after one more entry. Kinds that only inform (planned, denied ...) change only the head."""
    if change := _FOLDS.get(type(entry.event)):
        state = change(state, entry.event, entry)
    return replace(state, number=entry.number, head=entry.digest, platform=entry.platform or state.platform)


def receipt_of(entry: Entry) -> Receipt | None:
    """Return the receipt of an `applied` or `rolled_back` entry; None if the unit was removed."""
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
        rehearses=event.rehearses,
    )
    if event.purpose == PROMOTE:
        state = replace(state, last_begun=event.release, rehearses=event.rehearses)
    drift = replace(state.drift, reconciled_at=entry.at) if event.purpose == RECONCILE else state.drift
    # The first promotion counts, so that an edited record cannot replace the known digest.
    recorded = {event.release: event.release_digest} if event.release_digest else {}
    records = {**recorded, **state.records}
    known = replace(state, records=records, drift=drift, omitting=())
    return _concluded_if_finished(replace(known, claim=claim))


def _concluded_if_finished(state: EnvironmentState) -> EnvironmentState:
    """Conclude the claim unless units were attempted: the next run may need the state to roll back to."""
    return replace(state, interrupted=None) if state.attempted else _concluded(state)


def _concluded(state: EnvironmentState) -> EnvironmentState:
    """Forget the attempt: the next rollback returns to what is applied now."""
    return replace(
        state,
        before=state.receipts,
        smoked_before=state.smoked,
        verified_before=state.verified,
        rolling_back=None,
        interrupted=None,
        attempted=(),
        created={},
        state_changes={},
        applies={},
        analysed=frozenset(),
        omits_analyses=False,
        paused=None,
    )


def _omitted(state: EnvironmentState, event: UnitsOmitted, _: Entry) -> EnvironmentState:
    omitting = (*state.omitting, event)
    return replace(state, omitting=omitting, omitted={**state.omitted, event.release: omitting})


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


def _applying(state: EnvironmentState, event: UnitApplying, entry: Entry) -> EnvironmentState:
    unit = event.unit
    attempted = state.attempted if unit in state.attempted else (*state.attempted, unit)
    # A stale plan is replaced by a newer one and applied once more: both may have created something.
    created = {**state.created, unit: frozenset({*state.created.get(unit, ()), *event.creates})}
    done = dict.fromkeys((*state.state_changes.get(unit, ()), *event.state_changes))
    state = replace(state, attempted=attempted, created=created, smoked=state.smoked - {unit})
    state = replace(state, unfinished=state.unfinished | {unit})
    state = replace(state, state_changes={**state.state_changes, unit: tuple(done)})
    state = replace(state, verified=None, verified_at=None)
    state = analysis_folds.applying(state, unit, entry.at)
    return _with_baseline(state, unit, event.baseline)


def _adopted(state: EnvironmentState, event: UnitAdopted, _: Entry) -> EnvironmentState:
    return _with_baseline(state, event.unit, event.baseline)


def _with_baseline(state: EnvironmentState, unit: str, baseline: Baseline | None) -> EnvironmentState:
    # The first baseline counts: what is found later may have been created by an apply of this product.
    if baseline is None or unit in state.baselines:
        return state
    return replace(state, baselines={**state.baselines, unit: baseline})


def _received(state: EnvironmentState, event: UnitApplied | UnitRolledBack, entry: Entry) -> EnvironmentState:
    receipt = receipt_of(entry)
    others = _without(state.receipts, event.unit)
    receipts = {**others, event.unit: receipt} if receipt else others
    drift = replace(state.drift, outdated=state.drift.outdated | {event.unit})
    return replace(state, receipts=receipts, residual=_without(state.residual, event.unit), drift=drift)


def _applied(state: EnvironmentState, event: UnitApplied, entry: Entry) -> EnvironmentState:
    state = analysis_folds.applied(state, event.unit, entry.at)
    state = replace(state, seconds={**state.seconds, **_seconds(state.applies.get(event.unit), event.unit)})
    return replace(_received(state, event, entry), unfinished=state.unfinished - {event.unit})


def _seconds(applied: AppliedAt | None, unit: str) -> dict[str, float]:
    """Return {unit: seconds that its apply took}; empty for a unit that was up to date."""
    if applied is None or not applied.ended:
        return {}
    took = datetime.fromisoformat(applied.ended) - datetime.fromisoformat(applied.began)
    return {unit: took.total_seconds()}


def _settled(state: EnvironmentState, event: UnitSettled, _: Entry) -> EnvironmentState:
    return replace(state, residual={**state.residual, event.unit: event.residual})


def _smoked(state: EnvironmentState, event: UnitSmoked, _: Entry) -> EnvironmentState:
    passed = event.outcome is Outcome.SUCCEEDED
    return replace(state, smoked=state.smoked | {event.unit} if passed else state.smoked - {event.unit})


def _rolled_back(state: EnvironmentState, event: UnitRolledBack, entry: Entry) -> EnvironmentState:
    # The checks that passed before this promotion count again, unless the unit was left as it is.
    good = event.unit in state.smoked_before and not event.kept
    smoked = state.smoked | {event.unit} if good else state.smoked - {event.unit}
    finished = {event.unit} if event.receipt and not event.kept else frozenset[str]()
    return replace(_received(state, event, entry), smoked=smoked, unfinished=state.unfinished - finished)


def _verified(state: EnvironmentState, event: ReleaseVerified, entry: Entry) -> EnvironmentState:
    earlier = (release for release in state.verified_releases if release != event.release)
    claim = state.claim
    origin = {event.release: claim.provenance} if claim is not None and claim.release == event.release else {}
    verified = replace(
        state,
        origins={**state.origins, **origin},
        verified=event.release,
        verified_at=state.verified_at if state.verified == event.release else entry.at,
        rejected=state.rejected - {event.release},
        rules=event.rules,
        verified_releases=(*earlier, event.release),
    )
    if claim is not None and claim.purpose == PROMOTE and not state.omitting:
        verified = replace(verified, omitted=_without(state.omitted, event.release))
    return _concluded(verified)


def _rolling_back(state: EnvironmentState, event: EnvironmentRollingBack, _: Entry) -> EnvironmentState:
    return replace(state, rolling_back=event.why, rejects=event.rejects, paused=None)


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
    untouched = {unit: held for unit, held in state.before.items() if unit not in state.attempted}
    smoked = state.smoked | (state.smoked_before & {*untouched})
    receipts = {**state.receipts, **untouched}
    # If something was attempted, another release was here in between, so the soak time starts again.
    since = state.verified_at or (entry.at if state.verified_before else None)
    restored = replace(state, receipts=receipts, smoked=smoked, verified=state.verified_before, verified_at=since)
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


def _without(held: Mapping[str, Held], unit: str) -> dict[str, Held]:
    return {name: each for name, each in held.items() if name != unit}


_FOLDS: Mapping[type[Event], Callable[[EnvironmentState, Any, Entry], EnvironmentState]] = {
    EnvironmentClaimed: _claimed,
    ClaimTakenOver: _taken_over,
    ClaimClosed: _closed,
    UnitApplying: _applying,
    UnitAdopted: _adopted,
    UnitApplied: _applied,
    UnitSettled: _settled,
    UnitSmoked: _smoked,
    UnitsOmitted: _omitted,
    UnitRolledBack: _rolled_back,
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
