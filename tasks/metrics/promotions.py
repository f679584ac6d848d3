"""Reconstructs promotions from the ledger of one environment. Pure.

A promotion counts once it began to apply something; rehearsals do not count.

verified    every unit passed
rejected    it was rolled back
unfinished  another release was applied before it ended
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from tasks.domain.events import (
    ClaimClosed,
    EnvironmentClaimed,
    EnvironmentInterrupted,
    EnvironmentRestored,
    FixDeclared,
    ReleaseRejected,
    ReleaseVerified,
    UnitApplying,
    UnitRollbackFailed,
)
from tasks.domain.events.claims import FORWARD
from tasks.ledger.entries import Entry

Outcome = Literal["verified", "rejected", "unfinished"]
OUTCOMES: tuple[Outcome, ...] = ("verified", "rejected", "unfinished")


@dataclass(frozen=True)
class Promotion:
    """One promotion that began to apply something. All times are ISO 8601, UTC; "" if there is none.

    Attributes:
        release: its id.
        commit: the commit of the release.
        began: its first apply.
        ended: when it ended.
        outcome: how it ended; None while it has not.
        disturbed: whether it was interrupted or its rollback failed.
        recovered: when a failure was repaired: rolled back, or verified by a later promotion.
        recalled: when it was rolled back by hand after its verification.
        fixes: the release that it repairs, as declared by the person who promoted it.
    """

    release: str
    commit: str
    began: str
    ended: str = ""
    outcome: Outcome | None = None
    disturbed: bool = False
    recovered: str = ""
    recalled: str = ""
    fixes: str = ""

    @property
    def failed(self) -> bool:
        """Tell whether it counts as a failed change: it was not verified at once, or was rolled back later."""
        return self.outcome in ("rejected", "unfinished") or self.disturbed or bool(self.recalled)


class Promotions:
    """The promotions of one environment, oldest first. Call `add` with its entries in order."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.all: list[Promotion] = []
        self._claim: EnvironmentClaimed | None = None
        self._fixes: dict[str, str] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Take one more entry into account."""
        event = entry.event
        if isinstance(event, EnvironmentClaimed | ClaimClosed):
            self._claim = event if isinstance(event, EnvironmentClaimed) else None
        elif isinstance(event, FixDeclared):
            self._fixes[event.release] = event.fixes
        elif isinstance(event, UnitApplying):
            self._applying(entry.at)
        elif isinstance(event, ReleaseVerified):
            self._verified(event.release, entry.at)
        elif isinstance(event, ReleaseRejected):
            self._rejected(event.release, entry.at)
        elif isinstance(event, EnvironmentRestored):
            self._change(recovered=entry.at)
        elif isinstance(event, EnvironmentInterrupted | UnitRollbackFailed):
            self._change(disturbed=True)

    @property
    def _open(self) -> Promotion | None:
        last = self.all[-1] if self.all else None
        return last if last is not None and last.outcome is None else None

    def _applying(self, at: str) -> None:
        claim = self._claim
        if claim is None or claim.purpose not in FORWARD or claim.rehearses:
            return
        if self._open is not None and self._open.release == claim.release:
            return
        self._change(outcome="unfinished", ended=at)
        fixes = self._fixes.get(claim.release, "")
        self.all.append(Promotion(claim.release, claim.provenance.commit, at, fixes=fixes))

    def _verified(self, release: str, at: str) -> None:
        repaired = [place for place, each in enumerate(self.all) if each.failed and not each.recovered]
        for place in repaired:
            self.all[place] = replace(self.all[place], recovered=at)
        if self._open is not None and self._open.release == release:
            self._change(outcome="verified", ended=at)

    def _rejected(self, release: str, at: str) -> None:
        if self._open is not None and self._open.release == release:
            self._change(outcome="rejected", ended=at)
            return
        # Rolled back by hand: a verified release proved to be bad.
        known = [
            place for place, each in enumerate(self.all) if each.release == release and each.outcome == "verified"
        ]
        if known and not self.all[known[-1]].recalled:
            self.all[known[-1]] = replace(self.all[known[-1]], recalled=at, recovered=at)

    def _change(self, **about: object) -> None:
        """Change the promotion that has not ended, if there is one."""
        if self._open is not None:
            self.all[-1] = replace(self.all[-1], **about)  # type: ignore[arg-type]
