"""Where an environment stands: what its ledger entries add up to. Pure.

The ledger is the only memory. Which release is here, who holds the claim, what was begun and not finished,
how to get back: all of it is folded out of the entries, again each time, so there is no second truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tasks.domain.release import Receipt, Release, Target
from tasks.ledger.chain import Entry


@dataclass(frozen=True)
class Claim:
    """Who holds an environment, for which release, since when. `holder` is what tells whether the run is over."""

    entry: str
    release: str
    purpose: str
    run: str
    actor: str
    at: str
    holder: Mapping[str, Any]


@dataclass(frozen=True)
class EnvironmentState:
    """An environment after all its entries.

    `receipts` is what is applied now, `smoked` the units whose checks passed on it, `verified` the release that
    all units passed on. The `..._before` are the same at the time that the open claim began, and `attempted` the
    units whose apply was begun under it, in order: together, how to get back. `rolling_back` says why, while a way
    back has begun and not ended.
    """

    environment: str
    receipts: Mapping[str, Receipt] = field(default_factory=dict)
    smoked: frozenset[str] = frozenset()
    verified: str | None = None
    rejected: frozenset[str] = frozenset()
    claim: Claim | None = None
    before: Mapping[str, Receipt] = field(default_factory=dict)
    smoked_before: frozenset[str] = frozenset()
    verified_before: str | None = None
    rolling_back: str | None = None
    attempted: tuple[str, ...] = ()
    blocked: str | None = None


def environment_state(environment: str, entries: Iterable[Entry]) -> EnvironmentState:
    """Fold the entries, oldest first. Kinds that only inform (planned, denied, drift ...) change nothing."""
    state = EnvironmentState(environment)
    for entry in entries:
        if fold := _FOLDS.get(entry.kind):
            state = fold(state, entry)
    return state


def left_behind(found: EnvironmentState, release: Release) -> tuple[str, ...]:
    """Units that are applied in an environment and that the release there does not declare any more."""
    return tuple(sorted(unit for unit in found.receipts if f"{found.environment}/{unit}" not in release.units))


def receipt_of(entry: Entry) -> Receipt | None:
    """The receipt that an `applied` or `rolled_back` entry carries; None where the unit was removed."""
    data = entry.body.get("receipt")
    if data is None:
        return None
    target = Target(**data["target"])
    return Receipt(**{**data, "target": target, "id": entry.id, "at": entry.at})


def _claimed(state: EnvironmentState, entry: Entry) -> EnvironmentState:
    body = entry.body
    claim = Claim(entry.id, body["release"], body["purpose"], entry.run, entry.actor, entry.at, body["holder"])
    return _settled(replace(state, claim=claim))


def _settled(state: EnvironmentState) -> EnvironmentState:
    """From here on there is nothing to put back: what is there now is what one would go back to."""
    return replace(
        state,
        before=state.receipts,
        smoked_before=state.smoked,
        verified_before=state.verified,
        rolling_back=None,
        attempted=(),
    )


def _taken_over(state: EnvironmentState, entry: Entry) -> EnvironmentState:
    # Only the holder changes: what the dead run began stays to be put back.
    if state.claim is None:
        return state
    holder = entry.body["holder"]
    return replace(state, claim=replace(state.claim, entry=entry.id, run=entry.run, actor=entry.actor, holder=holder))


def _closed(state: EnvironmentState, _: Entry) -> EnvironmentState:
    return _settled(replace(state, claim=None))


def _applying(state: EnvironmentState, entry: Entry) -> EnvironmentState:
    unit = entry.body["unit"]
    attempted = state.attempted if unit in state.attempted else (*state.attempted, unit)
    return replace(state, attempted=attempted, smoked=state.smoked - {unit}, verified=None)


def _received(state: EnvironmentState, entry: Entry) -> EnvironmentState:
    unit, receipt = entry.body["unit"], receipt_of(entry)
    others = {name: held for name, held in state.receipts.items() if name != unit}
    return replace(state, receipts={**others, unit: receipt} if receipt else others)


def _smoked(state: EnvironmentState, entry: Entry) -> EnvironmentState:
    unit = entry.body["unit"]
    passed = entry.body["outcome"] == "succeeded"
    return replace(state, smoked=state.smoked | {unit} if passed else state.smoked - {unit})


def _rolled_back(state: EnvironmentState, entry: Entry) -> EnvironmentState:
    # What was found good before this promotion is good again; what could only be left as it is was never found good.
    unit = entry.body["unit"]
    good = unit in state.smoked_before and not entry.body.get("kept")
    return replace(_received(state, entry), smoked=state.smoked | {unit} if good else state.smoked - {unit})


def _verified(state: EnvironmentState, entry: Entry) -> EnvironmentState:
    release = entry.body["release"]
    return _settled(replace(state, verified=release, rejected=state.rejected - {release}))


def _rolling_back(state: EnvironmentState, entry: Entry) -> EnvironmentState:
    return replace(state, rolling_back=entry.body["why"])


def _rejected(state: EnvironmentState, entry: Entry) -> EnvironmentState:
    return replace(state, rejected=state.rejected | {entry.body["release"]})


def _put_back(state: EnvironmentState, _: Entry) -> EnvironmentState:
    # A unit in which the release changed nothing was not attempted: it is where it was, by its earlier receipt.
    untouched = {unit: held for unit, held in state.before.items() if unit not in state.attempted}
    smoked = state.smoked | (state.smoked_before & {*untouched})
    receipts = {**state.receipts, **untouched}
    return _settled(replace(state, receipts=receipts, smoked=smoked, verified=state.verified_before))


def _blocked(state: EnvironmentState, entry: Entry) -> EnvironmentState:
    return replace(state, blocked=entry.body["why"])


def _resolved(state: EnvironmentState, _: Entry) -> EnvironmentState:
    return replace(state, blocked=None)


_FOLDS: Mapping[str, Callable[[EnvironmentState, Entry], EnvironmentState]] = {
    "claimed": _claimed,
    "taken_over": _taken_over,
    "closed": _closed,
    "applying": _applying,
    "applied": _received,
    "smoked": _smoked,
    "rolled_back": _rolled_back,
    "verified": _verified,
    "rolling_back": _rolling_back,
    "put_back": _put_back,
    "rejected": _rejected,
    "rollback_failed": _blocked,
    "resolved": _resolved,
}
