"""Holding an environment for a run: claims made, taken over and given back, however the run ends."""

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
"""Seconds within which a job that lives has ended its tools and said so, once the claim is another run's."""

_LOOK_AGAIN = 1.0
"""Seconds between two looks for that."""


@contextmanager
def claimed(runtime: Runtime, release: str, environment: str, purpose: str) -> Iterator[EnvironmentRun]:
    """A run that holds the environment's claim, and gives it back however this ends.

    Cancelling the run, or a bug, ends its tools; what was begun stays in the ledger under the open claim, for
    `recover` or the next promotion. So does an apply or a rollback that got no answer.
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
    """A run that holds the claim of one that is over; None when there is no claim to take over."""
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
    """After this, remove the jobs of claims that are closed, ours among them; an open one keeps them."""
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
        # How the run went is written; these are removed by the next one.
        run.log().warning("jobs kept", what=str(error))


def _reach_pool(run: EnvironmentRun) -> None:
    """Raise what keeps the units from being worked on where the environment says, before anything is claimed."""
    if run.jobs is not None:
        run.jobs.waiting.refuse_absent()


def _give_up_jobs(run: EnvironmentRun) -> None:
    """Take the jobs under the claim for over, since a person says so; those that live end their tools first."""
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
    """Give a claim back that is ours, with how it went."""
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
        if found.blocked or not (found.rolling_back or isinstance(error, Interrupted)):
            outcome = "paused" if isinstance(error, PromotionPaused) else "failed"
            claims.close(run.ledger, name, outcome, str(error))
        run.reporter.failed(run, error)
        raise
    except BaseException as error:
        run.stop()
        if not run.state().attempted:
            claims.close(run.ledger, name, "cancelled")
        if isinstance(error, Exception):
            run.reporter.failed(run, error)
        raise
    claims.close(run.ledger, name, "succeeded")


def await_turn(runtime: Runtime, environment: str) -> None:
    """Wait for the run that works in an environment, for as long as FLOWMART_WAIT says."""
    ledger, patience = runtime.ledger(), runtime.settings.wait

    def look() -> EnvironmentState:
        return ledger.state(environment)

    held_by = look().claim
    if held_by and patience and not claims.is_over(held_by):
        what = f"for {held_by.actor} to {held_by.purpose} {held_by.release}"
        log.info("waits", environment=environment, what=what)
    claims.await_end(look, patience)


def abandoned(runtime: Runtime, environment: str) -> Claim | None:
    """The environment's open claim, if the run that made it is over."""
    claim = runtime.ledger().state(environment).claim
    return claim if claim is not None and claims.is_over(claim) else None
