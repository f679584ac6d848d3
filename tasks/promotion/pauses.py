"""End a pause: a person continues or rolls back, later measurements decide, or the time to decide is over.

every analysis passes now      verified: the server was away, and its history has the measurements
an analysis fails now          rolled back
doubtful values, time is over  rolled back
no values, time is over        people are notified again; a missing response never rolls back
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from tasks.analysis import Judged
from tasks.domain.analysis import Paused, Verdict
from tasks.domain.errors import Refused, RolledBack
from tasks.domain.events import EnvironmentContinued
from tasks.domain.events.claims import CONTINUE, ROLL_BACK
from tasks.promotion import analysing
from tasks.promotion.environment_run import EnvironmentRun, opened
from tasks.promotion.executor import Executor
from tasks.promotion.gate import Consent
from tasks.promotion.promotion import promote
from tasks.promotion.rollback import roll_back
from tasks.promotion.runtime import Runtime
from tasks.promotion.session import claimed


def paused_in(runtime: Runtime, environment: str) -> Paused | None:
    """Return the pause of an environment that no run holds; None if it is not paused."""
    found = runtime.ledger().state(environment)
    return found.paused if found.claim is None else None


def go_on(runtime: Runtime, executor: Executor, environment: str, reason: str) -> str:
    """Accept the measurements, continue the release, and return its id. Raises `Refused` if nothing is paused."""
    found = paused_in(runtime, environment)
    if found is None:
        raise Refused(f"{environment}: nothing is paused here; `flowmart status` shows what is going on")
    with claimed(runtime, found.release, environment, CONTINUE) as run:
        run.record(EnvironmentContinued(release=found.release, reason=reason))
        promote(run, executor, "promote", Consent())
    return found.release


def go_back(runtime: Runtime, executor: Executor, environment: str, found: Paused) -> str:
    """Roll back a paused release as if its analysis had failed; return the release that is there then, or ""."""
    with claimed(runtime, found.release, environment, ROLL_BACK) as run:
        roll_back(run, f"rolled back by hand while it was paused\n{found.why}", executor, rejects=True)
        return run.state().verified or ""


def look_again(runtime: Runtime, executor: Executor, environment: str) -> bool:
    """Judge a paused release once more, and end the pause if that decides it.

    Returns:
        Whether the pause ended.

    Raises:
        Unanswered: a tool did not respond while the release was verified or rolled back.
    """
    found = paused_in(runtime, environment)
    if found is None:
        return False
    with opened(runtime, found.release, environment) as run:
        judged = analysing.judged_now(run)
        is_decided = _is_decided(judged.values())
        is_due = runtime.clock.now() >= datetime.fromisoformat(found.until)
        doubtful = any(each.doubtful for each in judged.values())
        if is_due and not is_decided and not doubtful:
            _alert_again(run, found, judged)
    if is_decided or (is_due and doubtful):
        _decide(runtime, executor, environment, found, expired=not is_decided)
        return True
    return False


def _is_decided(judged: Iterable[Judged]) -> bool:
    verdicts = {each.verdict for each in judged}
    return Verdict.FAILED in verdicts or verdicts <= {Verdict.PASSED}


def _decide(runtime: Runtime, executor: Executor, environment: str, found: Paused, *, expired: bool) -> None:
    # The rollback is the purpose here, and has been reported by then.
    with suppress(RolledBack), claimed(runtime, found.release, environment, CONTINUE) as run:
        if expired:
            raise roll_back(run, f"nobody decided until {found.until}\n{found.why}", executor, rejects=True)
        promote(run, executor, "promote", Consent())


def _alert_again(run: EnvironmentRun, found: Paused, judged: Iterable[str]) -> None:
    known = analysing.declared(run)
    seconds = min(known[subject].decide_within for subject in judged)
    run.reporter.failed(run, analysing.hold(run, found.subjects, found.why, found.doubtful, seconds))
