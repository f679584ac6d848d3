"""Promotes until a release is verified, recovers what is left interrupted, and says what each attempt came to."""

from __future__ import annotations

from dataclasses import dataclass, field

from tasks.domain.errors import FlowmartError, Interrupted, Unanswered
from tasks.ledger import auditing
from tasks.promotion import operations, recovery
from tasks.promotion.executor import LocalExecutor
from tasks.promotion.runtime import Runtime, compose
from tests.faults.platform import FaultyPlatform, Network

VERIFIED, UNANSWERED, INTERRUPTED, REJECTED = "verified", "unanswered", "interrupted", "REJECTED"
ENVIRONMENT = "dev"


@dataclass
class Promotion:
    """One release on its way through a bad network.

    Attributes:
        attempts: what each promotion or recovery came to, in order.
        told: why, a line for each attempt that did not end verified.
        faults: how many requests met a fault.
        healed: whether it took a network without faults in the end.
        wrong: what must not have happened; empty for a good promotion.
    """

    release: str
    attempts: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    faults: int = 0
    healed: bool = False
    wrong: list[str] = field(default_factory=list)


def promote(platform: FaultyPlatform, network: Network, number: int, share: float, most: int = 4) -> Promotion:
    """Promote a release in which everything is new, at most `most` times with faults, then without.

    Args:
        number: of the release; the seed of its faults.
        share: of the requests that meet a fault.
    """
    made = Promotion(platform.change(number))
    runtime, before = compose(platform.settings), network.faults
    for attempt in range(most):
        network.reseed(1000 * number + attempt, share)
        if _ended(made, runtime, run_is_over=True):
            break
    made.faults = network.faults - before
    network.reseed(0, 0.0)
    if made.attempts[-1] == VERIFIED:
        return _judged(made, runtime)
    made.healed = True
    return finish(made, runtime, run_is_over=True)


def finish(made: Promotion, runtime: Runtime, *, run_is_over: bool = False) -> Promotion:
    """Promote a release where nothing disturbs, up to three times, and judge what has become of it.

    Args:
        made: what it was so far.
        runtime: of its platform.
        run_is_over: the run that left the claim was in this process, which is not over: that it is, a person says.
    """
    for _ in range(3):
        if _ended(made, runtime, run_is_over=run_is_over):
            break
    return _judged(made, runtime)


def _ended(made: Promotion, runtime: Runtime, *, run_is_over: bool) -> bool:
    """One attempt; whether the release is verified."""
    try:
        _once(runtime, made.release, run_is_over=run_is_over)
    except FlowmartError as error:
        made.told.append(str(error))
        interrupted = isinstance(error, Interrupted)
        answered = INTERRUPTED if interrupted else UNANSWERED if isinstance(error, Unanswered) else REJECTED
        made.attempts.append(answered)
        return False
    made.attempts.append(VERIFIED)
    return True


def _once(runtime: Runtime, release: str, *, run_is_over: bool) -> None:
    executor = LocalExecutor(8, runtime.clock)
    if runtime.ledger().state(ENVIRONMENT).claim:
        recovery.recover(runtime, executor, ENVIRONMENT, run_is_over=run_is_over)
    operations.promote(runtime, executor, release, ENVIRONMENT)


def _judged(made: Promotion, runtime: Runtime) -> Promotion:
    made.wrong = _wrong(made, runtime)
    return made


def _wrong(made: Promotion, runtime: Runtime) -> list[str]:
    state, audit = runtime.ledger().state(ENVIRONMENT), auditing.audit(runtime.store, ENVIRONMENT)
    found = {
        f"it was rejected: {made.told}": REJECTED in made.attempts or made.release in state.rejected,
        f"verified is {state.verified}": state.verified != made.release,
        f"the environment is blocked: {state.blocked}": bool(state.blocked),
        f"a claim is open: {state.claim}": state.claim is not None,
        f"the ledger is damaged: {audit.problems}": bool(audit.problems),
    }
    return [what for what, happened in found.items() if happened]
