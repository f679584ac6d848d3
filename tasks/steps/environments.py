"""Holding an environment for a run: stages opened, claims made, taken over and given back however the run ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from tasks import settings
from tasks.domain.errors import ApprovalWanted, FlowmartError
from tasks.ledger.state import Claim
from tasks.promotion import claims, verbs
from tasks.promotion import environment_run as stages
from tasks.promotion.environment_run import EnvironmentRun
from tasks.steps.publishing import await_pages, tell_bad_news
from tasks.steps.queries import history, run_id

log = structlog.get_logger("flowmart.steps")


@contextmanager
def opened(release: str, environment: str) -> Iterator[EnvironmentRun]:
    """A run to read with: no claim is made."""
    with stages.opened(settings.load(), release, environment, run_id()) as run:
        try:
            yield run
        finally:
            await_pages()


@contextmanager
def claimed(release: str, environment: str, purpose: str) -> Iterator[EnvironmentRun]:
    """A run that holds the environment's claim, and gives it back however this ends.

    Cancelling the run, or a mistake of ours, interrupts the tools; what was begun stays in the ledger under the
    open claim, for `recover` or the next promotion to put back. So does a way back that got no answer.
    """
    with opened(release, environment) as run:
        claims.claim(run.ledger, environment, run.release.id, purpose, settings.load().wait)
        verbs.get_ready_to_test(run)
        with held(run):
            yield run


@contextmanager
def taken_over(environment: str, run_is_over: bool) -> Iterator[EnvironmentRun | None]:
    """A run that holds the claim of a run that is over, to put back what it began; None when there is none."""
    found = history().state(environment)
    if found.claim is None:
        claims.refuse_if_taken(found)
        yield None
        return
    with opened(found.claim.release, environment) as run:
        claims.take_over(run.ledger, environment, run_is_over)
        with held(run):
            yield run


def await_turn(environment: str) -> None:
    """Wait for the run that works in an environment, for as long as FLOWMART_WAIT says."""
    asked, patience = history(), settings.load().wait
    held = asked.state(environment).claim
    if held and patience and not claims.is_over(held):
        log.info("waits", environment=environment, what=f"for {held.actor} to {held.purpose} {held.release}")
    claims.await_end(lambda: asked.state(environment), patience)


def abandoned(environment: str) -> Claim | None:
    """The environment's open claim, if the run that made it is over."""
    claim = history().state(environment).claim
    return claim if claim is not None and claims.is_over(claim) else None


@contextmanager
def held(run: EnvironmentRun) -> Iterator[None]:
    """Give a claim back that is ours, with how it went."""
    name = run.environment.name
    try:
        yield
    except ApprovalWanted:
        claims.close(run.ledger, name, "waiting")
        raise
    except FlowmartError as error:
        found = run.state()
        if found.blocked or not found.rolling_back:
            claims.close(run.ledger, name, "failed", str(error))
        tell_bad_news(run, found, error)
        raise
    except BaseException as error:
        run.halted.set()
        run.processes.stop_all()
        found = run.state()
        if not found.attempted:
            claims.close(run.ledger, name, "cancelled")
        if isinstance(error, Exception):
            tell_bad_news(run, found, error)
        raise
    claims.close(run.ledger, name, "succeeded")
