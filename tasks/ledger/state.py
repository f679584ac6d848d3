"""The state of an environment after all its ledger entries, as data.

The ledger is the only memory. Which release is here, who holds the claim, what was begun and not finished, how to
roll back: all of it is computed from the entries (see `folding`) and stored nowhere else. The state holds everything
that a promotion needs of the past, so that a promotion does not read old entries.
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
        entry: the id of the ledger entry that made it or took it over.
        release: the id of the release that it is for.
        purpose: `PROMOTE`, `RECONCILE` or another one (see `tasks.domain.events.claims`).
        run: the run in the run history.
        actor: who started the run.
        at: since when (ISO 8601, UTC).
        holder: the process of the run, by which others find out whether it has ended.
        release_digest: the digest of the release's record.
        provenance: where the release came from this time.
        ended: earlier holders that a person declared to be over, oldest first.
        rehearses: the environment of which a rollback is rehearsed; "" if none is.
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
    rejected here before, so an approval is a decision to promote it all the same.
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
    """The drift that is known.

    Attributes:
        found: {unit: the drift in the last report that compared it}.
        outdated: units that were applied or rolled back since then.
        reconciled_at: when a reconcile was last begun (ISO 8601, UTC); "" before the first.
        report: the newest report; None before the first.
    """

    found: Mapping[str, tuple[DriftedObject, ...]] = field(default_factory=dict)
    outdated: frozenset[str] = frozenset()
    reconciled_at: str = ""
    report: RecordedDrift | None = None

    def of(self, unit: str) -> tuple[DriftedObject, ...]:
        """The drift in a unit since it was last applied or rolled back, without what is suppressed."""
        found = () if unit in self.outdated else self.found.get(unit, ())
        return tuple(item for item in found if not item.suppressed)


@dataclass(frozen=True)
class EnvironmentState:
    """An environment after all its entries.

    The chain: `number` and `head` are those of the newest entry, `platform` is whose chain it is.

    Now: `receipts` is what is applied, `smoked` the units whose checks passed on it, `verified` the release that all
    units passed on, `verified_at` since when without a break, `residual` the differences that each unit always has.
    `blocked` says why a person is needed, `frozen` whether a person closed the environment, `approvals` what was
    asked for and has not expired.

    How to roll back: the `..._before` are the same at the time that the open claim began, and `attempted` the units
    whose apply was begun under it, in order. `created` are the addresses that those applies create or replace, by
    unit: all that a rollback may delete; `state_changes` what they change in what the tool remembers. `baselines` is
    what existed of a unit before our first apply. `rolling_back`
    says why, while a rollback has begun and not ended, and `rejects` whether the release is rejected then;
    `interrupted` why a run stopped and does not know how far it got.

    Analyses: `applies` is when units were applied under the open claim, `analysed` those whose analysis has passed
    since ("" is the environment's own), `omits_analyses` whether none is made, `paused` what waits for a person.

    `seconds` is how long each unit's last apply took, {unit: seconds}.

    `unfinished` are units whose last apply did not come to its end, and that no earlier release was put back to.

    `omitted` is what a promotion of each release left as it is, the last time, {release: events}; `omitting` those of
    the run that holds the claim.

    The past: `rejected` releases; `verified_releases` in the order in which each was last verified; `rules` of the
    environment in the release that was verified last; `last_begun` is the release that was last to be promoted here;
    `drift`. `records` maps every release that was promoted here to the digest of its record, `origins` every release
    that was verified here to where it came from the last time.

    Rehearsals: `rehearsals` are the newest of rollbacks of this environment, one for two releases, oldest first.
    `rehearses` is the environment for which a rollback was rehearsed here when a release was last promoted; "" after
    any other promotion.
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
    """The units that are applied in an environment but not declared by the release, sorted."""
    return tuple(sorted(unit for unit in found.receipts if f"{found.environment}/{unit}" not in release.units))


def verified_in(states: Iterable[EnvironmentState]) -> dict[str, Verified]:
    """{environment: the release that is verified there now}, for the rules of the environment graph."""
    return {
        state.environment: Verified(state.verified, datetime.fromisoformat(state.verified_at))
        for state in states
        if state.verified and state.verified_at
    }
