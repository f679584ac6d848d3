"""Holding an environment for a run: stages opened, claims made, taken over and given back however the run ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from tasks import claims, promotion, settings, shell
from tasks import stage as stages
from tasks.errors import ApprovalWanted, FlowmartError
from tasks.stage import Stage
from tasks.standing import Claim
from tasks.steps.questions import history, run_id
from tasks.steps.showing import await_pages, tell_bad_news

log = structlog.get_logger("flowmart.steps")


@contextmanager
def opened(release: str, environment: str) -> Iterator[Stage]:
    """A stage to read with: no claim is made."""
    with stages.opened(settings.load(), release, environment, run_id()) as stage:
        try:
            yield stage
        finally:
            await_pages()


@contextmanager
def claimed(release: str, environment: str, purpose: str) -> Iterator[Stage]:
    """A stage that holds the environment's claim, and gives it back however this ends.

    Cancelling the run, or a mistake of ours, interrupts the tools; what was begun stays in the ledger under the
    open claim, for `recover` or the next promotion to put back. So does a way back that got no answer.
    """
    with opened(release, environment) as stage:
        claims.claim(stage.ledger, environment, stage.release.id, purpose, settings.load().wait)
        promotion.get_ready_to_test(stage)
        with held(stage):
            yield stage


@contextmanager
def taken_over(environment: str, run_is_over: bool) -> Iterator[Stage | None]:
    """A stage that holds the claim of a run that is over, to put back what it began; None when there is none."""
    found = history().standing(environment)
    if found.claim is None:
        claims.refuse_if_taken(found)
        yield None
        return
    with opened(found.claim.release, environment) as stage:
        claims.take_over(stage.ledger, environment, run_is_over)
        with held(stage):
            yield stage


def await_turn(environment: str) -> None:
    """Wait for the run that works in an environment, for as long as FLOWMART_WAIT says."""
    asked, patience = history(), settings.load().wait
    held = asked.standing(environment).claim
    if held and patience and not claims.is_over(held):
        log.info("waits", environment=environment, what=f"for {held.actor} to {held.purpose} {held.release}")
    claims.await_end(lambda: asked.standing(environment), patience)


def abandoned(environment: str) -> Claim | None:
    """The environment's open claim, if the run that made it is over."""
    claim = history().standing(environment).claim
    return claim if claim is not None and claims.is_over(claim) else None


@contextmanager
def held(stage: Stage) -> Iterator[None]:
    """Give a claim back that is ours, with how it went."""
    name = stage.environment.name
    try:
        yield
    except ApprovalWanted:
        claims.close(stage.ledger, name, "waiting")
        raise
    except FlowmartError as error:
        found = stage.standing()
        if found.blocked or not found.rolling_back:
            claims.close(stage.ledger, name, "failed", str(error))
        tell_bad_news(stage, found, error)
        raise
    except BaseException as error:
        stage.halted.set()
        shell.stop_all()
        found = stage.standing()
        if not found.attempted:
            claims.close(stage.ledger, name, "cancelled")
        if isinstance(error, Exception):
            tell_bad_news(stage, found, error)
        raise
    claims.close(stage.ledger, name, "succeeded")
