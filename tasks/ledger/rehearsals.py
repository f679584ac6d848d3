"""Find the evidence of rehearsed rollbacks in an environment's state, and describe it. Pure.

Evidence belongs to a release and the one that a rollback from it returns to. Releases are named by their content, so
code that was changed after a rehearsal has no evidence.
"""

from __future__ import annotations

from datetime import datetime

from tasks.domain import wording
from tasks.domain.events.claims import PROMOTE, ROLL_BACK
from tasks.domain.outcome import Outcome
from tasks.ledger.state import EnvironmentState, RecordedRehearsal


def earlier(found: EnvironmentState) -> str:
    """Return the release that a rollback of the next promotion returns to; "" before the first was verified."""
    return found.verified or found.attempt.before.verified or ""


def evidence(found: EnvironmentState, release: str, to: str) -> RecordedRehearsal | None:
    """Return the newest rehearsal of a rollback from a release to another one; None if there is none."""
    known = (each for each in reversed(found.rehearsals) if (each.event.release, each.event.earlier) == (release, to))
    return next(known, None)


def newest(found: EnvironmentState, release: str | None) -> RecordedRehearsal | None:
    """Return the newest rehearsal of a rollback from a release to any other one; None if there is none."""
    return next((each for each in reversed(found.rehearsals) if each.event.release == release), None)


def before_decision(found: EnvironmentState, release: str, purpose: str) -> RecordedRehearsal | None:
    """Return the rehearsal to consider before promoting a release or rolling back to it; None if none."""
    if purpose == ROLL_BACK:
        return evidence(found, earlier(found), release)
    return evidence(found, release, earlier(found)) if purpose == PROMOTE else None


def sentence(rehearsal: RecordedRehearsal) -> str:
    """Say when and where a rollback was rehearsed, and the result."""
    event = rehearsal.event
    at = f"{datetime.fromisoformat(rehearsal.at):%Y-%m-%d %H:%M} UTC in {event.rehearsed_in}"
    back = f"the rollback from {event.release} to {event.earlier}"
    if event.outcome is Outcome.SUCCEEDED:
        return f"rehearsed {at}: {back} {wording.worked(event.units)}"
    return f"rehearsal FAILED {at}: {back}: {wording.first_line(event.why)}"
