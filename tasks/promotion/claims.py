"""One run at a time in an environment: claims in the ledger, and how to detect that a claim's run is over.

A claim is an entry that may only be written when no claim is open; the ledger's create-only writes enforce that
across machines. It has no lease that could expire during a long apply. A claim is over when its run says so, or when
the process that made it has ended (`tasks.process_identity`). What that run attempted is then rolled back before
anything else.

The run that made a claim is fenced. Once its claim is closed or taken over, for whatever reason, its ledger refuses
to write (`ClaimLost`), and `watched` stops its tools.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from tasks import process_identity
from tasks.domain.errors import ClaimLost, EnvironmentBlocked, EnvironmentBusy, FlowmartError
from tasks.domain.events import ClaimClosed, ClaimTakenOver, EnvironmentClaimed, Event
from tasks.domain.events.claims import CONTINUE, ROLL_BACK
from tasks.domain.release import Provenance
from tasks.ledger.chain import Ledger
from tasks.ledger.entries import Entry
from tasks.ledger.state import Claim, EnvironmentState
from tasks.process_identity import ProcessIdentity

_PAUSE_ENDS = (CONTINUE, ROLL_BACK)
"""The purposes of runs that decide a pause."""

_LOOK_AGAIN = 2.0
"""Seconds between two checks whether a claim has ended."""

_WATCH = 10.0
"""Seconds between two checks of the ledger while a tool runs; each lists only the newest entries."""


def claim(
    ledger: Ledger,
    environment: str,
    release: str,
    purpose: str,
    patience: float = 0.0,
    release_digest: str = "",
    provenance: Callable[[], Provenance] = Provenance,
    rehearses: str = "",
) -> Entry:
    """Claim an environment for this process.

    Args:
        ledger: where the claim is written.
        environment: the environment to claim.
        release: the release to work on there.
        purpose: what the run is for; see `tasks.domain.events.claims`.
        patience: seconds to wait while a live run holds the environment.
        release_digest: the SHA-256 of the release's record.
        provenance: returns where the release came from; called when the claim is made, which may be later.
        rehearses: the environment whose rollback is rehearsed; "" for none.

    Returns:
        The entry of the claim.

    Raises:
        EnvironmentBusy: another run holds the environment, or it is paused.
        EnvironmentBlocked: a rollback failed there.
    """

    def decide(found: EnvironmentState) -> EnvironmentClaimed:
        refuse_if_taken(found)
        _refuse_if_paused(found, purpose)
        return EnvironmentClaimed(
            release=release,
            purpose=purpose,
            holder=_ourselves(),
            release_digest=release_digest,
            provenance=provenance(),
            rehearses=rehearses,
        )

    deadline = time.monotonic() + patience
    while True:
        await_end(lambda: ledger.state(environment), deadline - time.monotonic())
        try:
            return _fenced(ledger, ledger.append(environment, decide))
        except EnvironmentBusy:
            # Another waiting run was first, or the run that held it died; a dead run's claim must be recovered first.
            held = ledger.state(environment).claim
            if time.monotonic() > deadline or (held and is_over(held)):
                raise


def await_end(look: Callable[[], EnvironmentState], patience: float) -> None:
    """Wait until no run works in an environment, or its run is over, for at most `patience` seconds."""
    deadline = time.monotonic() + patience
    while (held := look().claim) and not is_over(held) and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN)


def close(ledger: Ledger, environment: str, outcome: str, detail: str = "") -> None:
    """Close this process's claim with its outcome; raises `ClaimLost` if it does not hold the claim."""

    def decide(found: EnvironmentState) -> ClaimClosed:
        if found.claim is None or not _is_ours(found.claim):
            raise _lost(found)
        return ClaimClosed(outcome=outcome, detail=detail)

    ledger.append(environment, decide)


def take_over(ledger: Ledger, environment: str, run_is_over: bool = False) -> Entry:
    """Take over the open claim of a run that is over, with everything that it attempted.

    Args:
        run_is_over: a person states so, for a run on another machine or in a container that cannot be checked.

    Raises:
        EnvironmentBusy: the run is alive, or no claim is open any more.
        EnvironmentBlocked: a rollback failed there.
    """

    def decide(found: EnvironmentState) -> ClaimTakenOver:
        if found.claim is None:
            raise EnvironmentBusy(f"{environment}: another run has already recovered it; check `flowmart status`")
        if not (run_is_over or is_over(found.claim)):
            refuse_if_taken(found)
        return ClaimTakenOver(holder=_ourselves(), run_is_over=run_is_over)

    return _fenced(ledger, ledger.append(environment, decide))


@contextmanager
def watched(ledger: Ledger, claim: Entry, lost: Callable[[], None], interval: float = _WATCH) -> Iterator[None]:
    """Check every `interval` seconds in a thread that a claim is still open; call `lost` once if it is not.

    Every append checks that too. This is for the hours in which a tool runs and nothing is appended.
    """
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(interval):
            if _is_lost(ledger, claim):
                lost()
                return

    threading.Thread(target=watch, name=f"watch {claim.id}", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def refuse_if_taken(found: EnvironmentState) -> None:
    """Raise `EnvironmentBlocked` or `EnvironmentBusy` if a run may not start in this environment."""
    if found.blocked:
        raise EnvironmentBlocked(
            f"{found.environment} is blocked: {found.blocked}. Repair it by hand, then run "
            f"`flowmart resolve {found.environment} --reason ...`"
        )
    if found.claim is not None:
        held = found.claim
        raise EnvironmentBusy(
            f"{found.environment} is busy: {held.actor} began to {held.purpose} {held.release} at {held.at} "
            f"(process {held.holder['pid']} on {held.holder['host']}). Nothing was started; try again when "
            "`flowmart status` shows that it is over. If that process and its tools are certainly gone, run "
            f"`flowmart recover {found.environment} --run-is-over`"
        )


def _refuse_if_paused(found: EnvironmentState, purpose: str) -> None:
    """Refuse any other run until a person or the analysis has decided the pause."""
    if found.paused is not None and purpose not in _PAUSE_ENDS:
        name = found.environment
        raise EnvironmentBusy(
            f"{name} is paused since {found.paused.at}: the analysis of {found.paused.release} is inconclusive. "
            f"Run `flowmart continue {name} --reason ...` or `flowmart rollback {name}` first\n{found.paused.why}"
        )


def is_over(claim: Claim) -> bool:
    """Tell whether the process that holds a claim has ended; False if that cannot be known from here."""
    return process_identity.is_over(ProcessIdentity.from_record(claim.holder))


def open_since(now: EnvironmentState) -> datetime:
    """Return when the open claim was made; the latest possible time if there is none."""
    return datetime.fromisoformat(now.claim.at) if now.claim else datetime.max.replace(tzinfo=UTC)


def held_since(found: EnvironmentState, entry: str = "") -> datetime | None:
    """Return when the open claim was first made if this process works under it, otherwise None.

    A claim that is taken over keeps its time.

    Args:
        found: the environment's state.
        entry: the id of the claim's entry if another process holds it for this one; "" for none.
    """
    held = found.claim
    if held is None or not (_is_ours(held) or held.entry == entry):
        return None
    return datetime.fromisoformat(held.at)


def _fenced(ledger: Ledger, claim: Entry) -> Entry:
    """Let the ledger write to the environment only while this claim is open; a later claim replaces the fence."""

    def fence(found: EnvironmentState, event: Event) -> None:
        if not isinstance(event, EnvironmentClaimed | ClaimTakenOver) and not _holds(found, claim):
            raise _lost(found)

    ledger.fence(claim.environment, fence)
    return claim


def _holds(found: EnvironmentState, claim: Entry) -> bool:
    return found.claim is not None and found.claim.entry == claim.id


def _is_lost(ledger: Ledger, claim: Entry) -> bool:
    """Tell whether the claim is no longer open. False if the ledger cannot be read: appends then fail anyway."""
    try:
        return not _holds(ledger.state(claim.environment), claim)
    except FlowmartError:
        return False


def _lost(found: EnvironmentState) -> ClaimLost:
    who = f"{found.claim.actor} took it over ({found.claim.entry})" if found.claim else "it was closed"
    return ClaimLost(
        f"{found.environment}: this run lost its claim, {who}. It stopped its tools and writes nothing more; see "
        f"`flowmart history {found.environment}`."
    )


def _is_ours(claim: Claim) -> bool:
    return dict(claim.holder) == _ourselves()


def _ourselves() -> dict[str, Any]:
    return process_identity.current().record()
