"""The state of an environment after all its ledger entries, as data.

The ledger is the only memory. Which release is here, who holds the claim, what was started and not finished, how to
roll back: all of it is computed from the entries (see `folding`) and stored nowhere else. The state holds everything
that a promotion needs from the past, so that a promotion does not read old entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
class EnvironmentState:
    """An environment after all its entries.

    The chain: `number` and `head` are those of the newest entry; `platform` is the platform of the chain.

    Now: `receipts` is what is applied, and `smoked` the units whose checks passed on it. `verified` is the release
    that all units passed on, and `verified_at` since when without interruption. `residual` are the differences that
    each unit has right after an apply. `blocked` says why a person has to act, and `frozen` whether a person closed
    the environment. `approvals` are the requests that have not expired.

    How to roll back: the `..._before` are the same values when the open claim started. `attempted` are the units
    whose apply started under it, in order. `created` are the addresses that those applies create or replace, by unit:
    all that a rollback may delete. `state_changes` are their changes to the tools' own state. `baselines` is what
    existed of a unit before our first apply. `rolling_back` is the reason of a rollback that has started and not
    ended, and `rejects` whether it rejects the release. `interrupted` says why a run stopped without knowing how far
    it got.

    Analyses: `applies` is when units were applied under the open claim. `analysed` are the units whose analysis has
    passed since ("" is the environment's own). `omits_analyses` is whether analyses are omitted, and `paused` what
    waits for a person.

    `seconds` is how long each unit's last apply took, {unit: seconds}.

    `unfinished` are units whose last apply did not finish, and that were not rolled back to an earlier release.

    `omitted` is what the last promotion of each release left untouched, {release: events}; `omitting` is the same for
    the run that holds the claim.

    The past: `rejected` releases; `verified_releases` in the order in which each was last verified; `rules` of the
    environment in the release that was verified last; `last_begun`, the release that was last promoted here; `drift`.
    `records` maps every release that was promoted here to the digest of its record. `origins` maps every release that
    was verified here to where it came from the last time.

    Rehearsals: `rehearsals` are the newest of rollbacks of this environment, one for each pair of releases, oldest
    first. `rehearses` is the environment whose rollback was rehearsed by the last promotion here; "" after any other
    promotion.
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
    unfinished: frozenset[str] = frozenset()
    attempted: tuple[str, ...] = ()
    created: Mapping[str, frozenset[str]] = field(default_factory=dict)
    state_changes: Mapping[str, tuple[StateChange, ...]] = field(default_factory=dict)
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    residual: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)
    blocked: str | None = None
    frozen: ManualFreeze | None = None
    approvals: tuple[AskedApproval, ...] = ()
    rules: Mapping[str, Any] = field(default_factory=dict)
    verified_releases: tuple[str, ...] = ()
    last_begun: str = ""
    records: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, Provenance] = field(default_factory=dict)
    drift: KnownDrift = field(default_factory=KnownDrift)
    applies: Mapping[str, AppliedAt] = field(default_factory=dict)
    analysed: frozenset[str] = frozenset()
    omits_analyses: bool = False
    paused: Paused | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    omitted: Mapping[str, tuple[UnitsOmitted, ...]] = field(default_factory=dict)
    omitting: tuple[UnitsOmitted, ...] = ()
    rehearsals: tuple[RecordedRehearsal, ...] = ()
    rehearses: str = ""
    number: int = 0
    head: str = GENESIS
    platform: str = ""


def left_behind(found: EnvironmentState, release: Release) -> tuple[str, ...]:
    """Return the units that are applied in an environment but not declared by the release, sorted."""
    return tuple(sorted(unit for unit in found.receipts if f"{found.environment}/{unit}" not in release.units))


def verified_in(states: Iterable[EnvironmentState]) -> dict[str, Verified]:
    """Return {environment: the release that is verified there now}, for the rules of the environment graph."""
    return {
        state.environment: Verified(state.verified, datetime.fromisoformat(state.verified_at))
        for state in states
        if state.verified and state.verified_at
    }
