"""Hold an environment for a run: make a claim or take one over, and close it however the run ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tasks.domain.errors import ApprovalWanted, ClaimLost, FlowmartError, Interrupted, PromotionPaused
from tasks.jobs import clearing
from tasks.ledger.state import Claim, EnvironmentState
from tasks.processes import GRACE
from tasks.promotion import claims
from tasks.promotion.environment_run import EnvironmentRun, log, opened
from tasks.promotion.runtime import Runtime
from tasks.releases import records

_JOBS_END_WITHIN = GRACE + 20.0
"""Seconds in which a running job ends its tools and says so, once another run holds the claim."""

_LOOK_AGAIN = 1.0
"""Seconds between two checks for that."""


@contextmanager
def claimed(runtime: Runtime, release: str, environment: str, purpose: str) -> Iterator[EnvironmentRun]:
    """Open a run that holds the environment's claim, and close the claim when the context ends.

    If the run is cancelled or hits a bug, its tools are stopped. Units that were already attempted stay in the ledger
    under the open claim, for `recover` or the next promotion. The same holds when an apply or a rollback gets no
    response.

    Args:
        release: the id of the release, or how it begins.
        environment: the environment to claim.
        purpose: what the run is for; see `tasks.domain.events.claims`.

    Raises:
        EnvironmentBusy: another run holds the environment.
        EnvironmentBlocked: a rollback failed there.
    """
    with opened(runtime, release, environment) as run:
        _reach_pool(run)
        digest = records.digest(run.release)
        about = (run.release.id, purpose, runtime.settings.wait, digest, run.provenance, runtime.rehearses)
        claim = claims.claim(run.ledger, environment, *about)
        run.claim = claim.id
        with _clearing(run), held(run), claims.watched(run.ledger, claim, run.stop):
            yield run


@contextmanager
def taken_over(runtime: Runtime, environment: str, run_is_over: bool) -> Iterator[EnvironmentRun | None]:
    """Open a run that takes over the claim of a run that is over; yield None when there is no open claim.

    Args:
        run_is_over: a person states that the run is over, though that cannot be checked from here.
    """
    ledger = runtime.ledger()
    found = ledger.state(environment)
    if found.claim is None:
        claims.refuse_if_taken(found)
        yield None
        return
    with opened(runtime, found.claim.release, environment) as run:
        _reach_pool(run)
        claim = claims.take_over(run.ledger, environment, run_is_over)
        run.claim = claim.id
        if run_is_over:
            _give_up_jobs(run)
        with _clearing(run), held(run), claims.watched(run.ledger, claim, run.stop):
            yield run


@contextmanager
def _clearing(run: EnvironmentRun) -> Iterator[None]:
    """Remove the jobs of closed claims at the end, this run's included; jobs of an open claim are kept."""
    try:
        yield
    finally:
        if run.environment.work_pool:
            _clear(run)


def _clear(run: EnvironmentRun) -> None:
    try:
        now = run.state()
        if now.claim is None:
            clearing.clear(run.desk, now.number, run.clock.now())
    except FlowmartError as error:
        # The outcome of the run is already recorded, and the next run removes these jobs.
        run.log().warning("jobs kept", what=str(error))


def _reach_pool(run: EnvironmentRun) -> None:
    """Check, before anything is claimed, that the environment's work pool exists."""
    if run.jobs is not None:
        run.jobs.waiting.refuse_absent()


def _give_up_jobs(run: EnvironmentRun) -> None:
    """Give up applies that jobs have not finished, as a person confirmed; running jobs get time to end first."""
    since = claims.held_since(run.state())
    if run.jobs is None or since is None:
        return
    until = run.clock.monotonic() + _JOBS_END_WITHIN
    while (left := [*run.desk.unanswered_applies(since)]) and run.clock.monotonic() < until:
        run.clock.sleep(_LOOK_AGAIN)
    for job, begun in left:
        run.desk.give_up(job, begun)
        run.log().warning("given up", what=f"job {job} on {begun.holder.get('host', 'another machine')}")


@contextmanager
def held(run: EnvironmentRun) -> Iterator[None]:
    """Close the run's claim at the end with the outcome; keep it open if the environment has to be recovered."""
    name = run.environment.name
    try:
        with run.runtime.stops.including(run.stop):
            yield
    except ApprovalWanted:
        claims.close(run.ledger, name, "waiting")
        raise
    except ClaimLost:
        run.stop()
        raise
    except FlowmartError as error:
        found = run.state()
        if found.blocked or not (found.attempt.rolling_back or isinstance(error, Interrupted)):
            outcome = "paused" if isinstance(error, PromotionPaused) else "failed"
            claims.close(run.ledger, name, outcome, str(error))
        run.reporter.failed(run, error)
        raise
    except BaseException as error:
        run.stop()
        if not run.state().attempt.units:
            claims.close(run.ledger, name, "cancelled")
        if isinstance(error, Exception):
            run.reporter.failed(run, error)
        raise
    claims.close(run.ledger, name, "succeeded")


def await_turn(runtime: Runtime, environment: str) -> None:
    """Wait for the run that works in an environment, for at most FLOWMART_WAIT seconds."""
    ledger, patience = runtime.ledger(), runtime.settings.wait

    def look() -> EnvironmentState:
        return ledger.state(environment)

    held_by = look().claim
    if held_by and patience and not claims.is_over(held_by):
        what = f"for {held_by.actor} to {held_by.purpose} {held_by.release}"
        log.info("waits", environment=environment, what=what)
    claims.await_end(look, patience)


def abandoned(runtime: Runtime, environment: str) -> Claim | None:
    """Return the environment's open claim if the run that made it is over, otherwise None."""
    claim = runtime.ledger().state(environment).claim
    return claim if claim is not None and claims.is_over(claim) else None
