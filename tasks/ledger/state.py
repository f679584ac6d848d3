"""Where an environment is after all its ledger entries: data, and the few questions that it answers by itself.

The ledger is the only memory. Which release is here, who holds the claim, what was begun and not finished, how to
roll back: all of it is folded out of the entries (see `folding`), so there is no second truth. Everything that a
promotion asks of the past is in here, so that it does not have to read the past.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tasks.domain.drift import DriftedObject
from tasks.domain.environment_graph import Verified
from tasks.domain.events import ApprovalRequested, DriftReported
from tasks.domain.plan import Change, StateChange
from tasks.domain.release import Baseline, Provenance, Receipt, Release
from tasks.ledger.entries import GENESIS


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
    provenance: Provenance = field(default_factory=Provenance)


@dataclass(frozen=True)
class ManualFreeze:
    """`actor` froze the environment, until the end of the day `until` (UTC, YYYY-MM-DD) where that was said."""

    actor: str
    reason: str
    until: str | None


@dataclass(frozen=True)
class AskedApproval:
    """A request for an approval, made `at` by `actor`, and the last decision on it.

    `decision` is "wanted", "approved" or "refused"; `by` who decided. `approved_by` are all who approved so far: it
    is approved once they are as many as were asked for.
    """

    at: str
    actor: str
    asked: ApprovalRequested
    decision: str = "wanted"
    by: str = ""
    approved_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class RecordedDrift:
    """The newest drift report: the number of its entry, when it was made, and what it holds."""

    number: int
    at: str
    event: DriftReported


@dataclass(frozen=True)
class KnownDrift:
    """What is known of drift.

    `found` is what the last report that compared a unit found in it. `outdated` are units to which something was
    applied since. `reconciled_at` is when a reconcile was last begun; "" before the first.
    """

    found: Mapping[str, tuple[DriftedObject, ...]] = field(default_factory=dict)
    outdated: frozenset[str] = frozenset()
    reconciled_at: str = ""
    report: RecordedDrift | None = None


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

    `unfinished` are units whose last apply did not come to its end, and that no earlier release was put back to.

    The past: `rejected` releases; `verified_releases` in the order in which each was last verified; `rules` of the
    environment in the release that was verified last; `last_begun` is the release that was last to be promoted here;
    `drift`. `records` maps every release that was promoted here to the digest of its record, `origins` every release
    that was verified here to where it came from the last time.
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
    number: int = 0
    head: str = GENESIS
    platform: str = ""


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
