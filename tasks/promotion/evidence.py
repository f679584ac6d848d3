"""Evidence that a rollback works: shown with an approval request, and required by the gate if declared."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from tasks.domain import wording
from tasks.domain.errors import Refused
from tasks.domain.events import ClosureOverridden
from tasks.domain.outcome import Outcome
from tasks.ledger import rehearsals
from tasks.ledger.state import EnvironmentState, RecordedRehearsal
from tasks.promotion.environment_run import EnvironmentRun


def known(run: EnvironmentRun, purpose: str) -> str:
    """Return what is known of a rehearsed rollback before a decision; "" if none is declared or possible."""
    if run.environment.rehearsal is None or rehearsals.earlier(run.state()) in ("", run.release.id):
        return ""
    return summary(run.state(), run.release.id, purpose) or "no rollback between these releases was rehearsed"


def summary(found: EnvironmentState, release: str, purpose: str) -> str:
    """Return the evidence for a decision in one sentence; "" if there is none."""
    rehearsal = rehearsals.before_decision(found, release, purpose)
    return rehearsals.sentence(rehearsal) if rehearsal else ""


def refuse_unrehearsed(run: EnvironmentRun, limits: Iterable[float | None], despite: str | None) -> None:
    """Refuse a release whose rollback was not rehearsed recently; a first release has nothing to roll back to.

    Args:
        limits: seconds for which a rehearsal counts, by each release whose rules apply; the shortest counts.
        despite: why to continue anyway; recorded. None: no reason was given.

    Raises:
        Refused: no rehearsal counts, and no reason was given.
    """
    wanted = [limit for limit in limits if limit is not None]
    found, release = run.state(), run.release
    earlier = rehearsals.earlier(found)
    if not wanted or earlier in ("", release.id):
        return
    rehearsal = rehearsals.evidence(found, release.id, earlier)
    why = _missing(rehearsal, release.digest, run.clock.now(), min(wanted))
    if not why:
        return
    name = run.environment.name
    if despite:
        untried = f"the rollback to {earlier} was not rehearsed"
        run.ledger.append(name, ClosureOverridden(release=release.id, why=untried, reason=despite))
        return
    raise Refused(
        f"{name}: the rollback from {release.id} to {earlier} must be rehearsed first: {why}. Nothing was changed. "
        f"Run `flowmart rehearse {name} --release {release.id}`, or say why it cannot wait: --despite REASON "
        "(it is recorded)"
    )


def _missing(rehearsal: RecordedRehearsal | None, digest: str, now: datetime, limit: float) -> str:
    """Return why a rehearsal does not count; "" if it does."""
    if rehearsal is None or rehearsal.event.release_digest != digest:
        return "it never was"
    if rehearsal.event.outcome is not Outcome.SUCCEEDED:
        return rehearsals.sentence(rehearsal)
    if now - datetime.fromisoformat(rehearsal.at) <= timedelta(seconds=limit):
        return ""
    return f"its last rehearsal is older than {wording.length(limit)} ({rehearsals.sentence(rehearsal)})"
