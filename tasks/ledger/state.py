"""The state of an environment after all its ledger entries, as data.

The ledger is the only memory. Which release is here, who holds the claim, what was started and not finished, how to
roll back: all of it is computed from the entries (see `folding`) and stored nowhere else. The state holds everything
that a promotion needs from the past, so that a promotion does not read old entries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tasks.domain.analysis import AppliedAt, Paused
from tasks.domain.drift import DriftedObject
from tasks.domain.environment_graph import Verified
from tasks.domain.events import ApprovalRequested, DriftReported, RollbackRehearsed, UnitsOmitted
from tasks.domain.events.claims import EndedHolder
from tasks.domain.plan import Change, StateChange
from tasks.domain.release import Baseline, Provenance, Receipt, Release
from tasks.ledger.entries import GENESIS


@dataclass(frozen=True)
class Claim:
    """The run that holds an environment.

    Attributes:
        entry: the id of the ledger entry that made the claim or took it over.
        release: the id of the release that the run works on.
        purpose: `PROMOTE`, `RECONCILE` or another one (see `tasks.domain.events.claims`).
        run: the run in the run history.
        actor: who started the run.
        at: when the claim was made (ISO 8601, UTC).
        holder: the process of the run, which lets others find out whether it has ended.
        release_digest: the digest of the release's record.
        provenance: where the release came from this time.
        ended: earlier holders that a person declared over, oldest first.
        rehearses: the environment whose rollback is rehearsed; "" if none is.
    """

    entry: str
    release: str
    purpose: str
    run: str
    actor: str
    at: str
    holder: Mapping[str, Any]
    release_digest: str = ""
    provenance: Provenance = field(default_factory=Provenance)
    ended: tuple[EndedHolder, ...] = ()
    rehearses: str = ""


@dataclass(frozen=True)
class ManualFreeze:
    """A freeze by `actor`, until the end of the day `until` (UTC, YYYY-MM-DD); None: until it is lifted."""

    actor: str
    reason: str
    until: str | None


@dataclass(frozen=True)
class AskedApproval:
    """A request for an approval, made `at` by `actor`, and the last decision on it.

    `decision` is "wanted", "approved" or "refused"; `by` is who decided. `approved_by` are all who approved so far:
    the request is approved once their number is what the environment requires. `forced`: the release had been
    rejected here before, so an approval is a decision to promote it anyway.
    """

    at: str
    actor: str
    asked: ApprovalRequested
    decision: str = "wanted"
    by: str = ""
    approved_by: tuple[str, ...] = ()
    forced: bool = False


@dataclass(frozen=True)
class RecordedDrift:
    """The newest drift report: the number of its entry, its time (ISO 8601, UTC), and its content."""

    number: int
    at: str
    event: DriftReported


@dataclass(frozen=True)
class RecordedRehearsal:
    """A rehearsed rollback: the time of its entry (ISO 8601, UTC), and its content."""

    at: str
    event: RollbackRehearsed


@dataclass(frozen=True)
class KnownDrift:
    """The known drift of an environment.

    Attributes:
        found: {unit: the drift in the last report that compared it}.
        outdated: units that were applied or rolled back since then.
        reconciled_at: when a reconcile last started (ISO 8601, UTC); "" before the first.
        report: the newest report; None before the first.
    """

    found: Mapping[str, tuple[DriftedObject, ...]] = field(default_factory=dict)
    outdated: frozenset[str] = frozenset()
    reconciled_at: str = ""
    report: RecordedDrift | None = None

    def of(self, unit: str) -> tuple[DriftedObject, ...]:
        """Return the unsuppressed drift of a unit since it was last applied or rolled back."""
        found = () if unit in self.outdated else self.found.get(unit, ())
        return tuple(item for item in found if not item.suppressed)


@dataclass(frozen=True)
class Before:
    """What was applied when an attempt began, for a rollback to return to; see the same fields of the state."""

    receipts: Mapping[str, Receipt] = field(default_factory=dict)
    smoked: frozenset[str] = frozenset()
    verified: str | None = None


@dataclass(frozen=True)
class Attempt:
    """What was started here and is neither verified nor rolled back yet.

    Attributes:
        before: what was applied when it began.
        units: the units whose apply started, in that order.
        created: the addresses that those applies create or replace, by unit: all that a rollback may delete.
        state_changes: the changes of those applies to the tools' own state, by unit.
        applied_at: when units were applied.
        analysed: the units whose analysis has passed since they were applied ("" is the environment's own).
        omits_analyses: whether the promotion continues without analyses.
        rolling_back: the reason of a rollback that has started and not ended.
        rejects: whether that rollback rejects the release.
    """

    before: Before = field(default_factory=Before)
    units: tuple[str, ...] = ()
    created: Mapping[str, frozenset[str]] = field(default_factory=dict)
    state_changes: Mapping[str, tuple[StateChange, ...]] = field(default_factory=dict)
    applied_at: Mapping[str, AppliedAt] = field(default_factory=dict)
    analysed: frozenset[str] = frozenset()
    omits_analyses: bool = False
    rolling_back: str | None = None
    rejects: bool = False


@dataclass(frozen=True)
class Past:
    """What is known of earlier promotions here.

    Attributes:
        verified_releases: in the order in which each was last verified.
        rules: the rules of the environment in the release that was verified last.
        last_begun: the release that was last promoted here; "" before the first.
        rehearses: the environment whose rollback that promotion rehearsed; "" if none.
        records: {release that was promoted here: the digest of its record}.
        origins: {release that was verified here: where it came from the last time}.
        omitted: {release: what its last promotion left untouched}.
    """

    verified_releases: tuple[str, ...] = ()
    rules: Mapping[str, Any] = field(default_factory=dict)
    last_begun: str = ""
    rehearses: str = ""
    records: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, Provenance] = field(default_factory=dict)
    omitted: Mapping[str, tuple[UnitsOmitted, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class EnvironmentState:
    """An environment after all its entries.

    The chain: `number` and `head` are those of the newest entry; `platform` is the platform of the chain.

    Now: `receipts` is what is applied, and `smoked` the units whose checks passed on it. `verified` is the release
    that all units passed on, and `verified_at` since when without interruption. `residual` are the differences that
    each unit has right after an apply. `blocked` says why a person has to act, and `frozen` whether a person closed
    the environment. `approvals` are the requests that have not expired.

    How to roll back: `attempt` is what was started and is not concluded. `baselines` is what existed of a unit before
    our first apply. `interrupted` says why a run stopped without knowing how far it got, and `paused` which analysis
    waits for a person.

    `seconds` is how long each unit's last apply took, {unit: seconds}.

    `unfinished` are units whose last apply did not finish, and that were not rolled back to an earlier release.

    `omitting` is what the run that holds the claim leaves untouched.

    The past: `past` of promotions, `rejected` releases, and `drift`. `rehearsals` are the newest of rollbacks of this
    environment, one for each pair of releases, oldest first.
    """

    environment: str
    receipts: Mapping[str, Receipt] = field(default_factory=dict)
    smoked: frozenset[str] = frozenset()
    verified: str | None = None
    verified_at: str | None = None
    rejected: frozenset[str] = frozenset()
    claim: Claim | None = None
    attempt: Attempt = field(default_factory=Attempt)
    interrupted: str | None = None
    unfinished: frozenset[str] = frozenset()
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    residual: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)
    blocked: str | None = None
    frozen: ManualFreeze | None = None
    approvals: tuple[AskedApproval, ...] = ()
    past: Past = field(default_factory=Past)
    drift: KnownDrift = field(default_factory=KnownDrift)
    paused: Paused | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    omitting: tuple[UnitsOmitted, ...] = ()
    rehearsals: tuple[RecordedRehearsal, ...] = ()
    number: int = 0
    head: str = GENESIS
    platform: str = ""


def left_behind(found: EnvironmentState, release: Release) -> tuple[str, ...]:
    """Return the units that are applied in an environment but not declared by the release, sorted.

    A unit that only got another name is none of them: its objects belong to a declared unit.
    """
    declared = {unit for unit in found.receipts if f"{found.environment}/{unit}" in release.units}
    gone = found.receipts.keys() - declared
    return tuple(sorted(unit for unit in gone if not renamed(found, unit, declared)))


def renamed(found: EnvironmentState, unit: str, declared: Collection[str]) -> str:
    """Return the declared unit that owns the objects of `unit` now, because both have the same state; or ""."""
    place = found.receipts[unit].details.get("state")
    later = (name for name in found.receipts if name in declared and name != unit)
    return next((name for name in later if found.receipts[name].details.get("state") == place), "") if place else ""


def verified_in(states: Iterable[EnvironmentState]) -> dict[str, Verified]:
    """Return {environment: the release that is verified there now}, for the rules of the environment graph."""
    return {
        state.environment: Verified(state.verified, datetime.fromisoformat(state.verified_at))
        for state in states
        if state.verified and state.verified_at
    }
