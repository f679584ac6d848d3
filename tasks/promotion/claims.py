"""One run at a time in an environment: claims in the ledger, and how to tell that a claim's run is over.

A claim is an entry that may only be written when no claim is open; the ledger's create-only writes make that
hold between machines. It has no lease that could expire under a long apply: a claim is over when its run says
so, or when the process that made it has ended (`tasks.process_identity`), and then what it began is rolled back
before anything else.

The run that made a claim is fenced: once the claim is closed or taken over, whatever the reason, its ledger refuses
to write (`ClaimLost`), and `watched` ends its tools.
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
"""The purposes of runs that decide on what is paused."""

_LOOK_AGAIN = 2.0
"""Seconds."""

_WATCH = 10.0
"""Seconds between two looks at the ledger while a tool runs: one listing of the newest entries each."""


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
        environment: what is claimed.
        release: what will be worked on there.
        purpose: "promote", "roll back to" or "reconcile".
        patience: for how many seconds to wait while a run that lives holds the environment.
        release_digest: the SHA-256 of the release's record.
        provenance: where the release came from; asked at the moment of the claim, which may be later.
        rehearses: the environment of which a rollback is rehearsed.

    Raises:
        EnvironmentBusy: Another run holds it.
        EnvironmentBlocked: A rollback failed there.
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
            # Somebody else who waited was first, or the run that held it died: that one is recovered first.
            held = ledger.state(environment).claim
            if time.monotonic() > deadline or (held and is_over(held)):
                raise


def await_end(look: Callable[[], EnvironmentState], patience: float) -> None:
    """Return once nobody works in an environment or its run is gone, at the latest after `patience` seconds."""
    deadline = time.monotonic() + patience
    while (held := look().claim) and not is_over(held) and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN)


def close(ledger: Ledger, environment: str, outcome: str, detail: str = "") -> None:
    """Give the environment back, saying how it went; `ClaimLost` when it is not ours to give back."""

    def decide(found: EnvironmentState) -> ClaimClosed:
        if found.claim is None or not _is_ours(found.claim):
            raise _lost(found)
        return ClaimClosed(outcome=outcome, detail=detail)

    ledger.append(environment, decide)


def take_over(ledger: Ledger, environment: str, run_is_over: bool = False) -> Entry:
    """Make the open claim of a run that is over our own, with all that it began; refused while its run lives.

    `run_is_over`: a person says so, for a run on another machine or in a container, which cannot be seen from here.
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
    """While this lasts, look every `interval` seconds whether a claim is still open; `lost` is called once if not.

    Every append asks that too. This is for the hours in which a tool runs and nothing is appended.
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
    """Raise what keeps a run from beginning in this environment, if anything does."""
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
    """What is paused is decided on before anything else begins."""
    if found.paused is not None and purpose not in _PAUSE_ENDS:
        name = found.environment
        raise EnvironmentBusy(
            f"{name} is paused since {found.paused.at}: the analysis of {found.paused.release} is inconclusive. "
            f"Run `flowmart continue {name} --reason ...` or `flowmart rollback {name}` first\n{found.paused.why}"
        )


def is_over(claim: Claim) -> bool:
    """Whether the process that holds a claim has ended; False when that cannot be known from here."""
    return process_identity.is_over(ProcessIdentity.from_record(claim.holder))


def open_since(now: EnvironmentState) -> datetime:
    """When the open claim was made; without one, now or later."""
    return datetime.fromisoformat(now.claim.at) if now.claim else datetime.max.replace(tzinfo=UTC)


def held_since(found: EnvironmentState, entry: str = "") -> datetime | None:
    """Since when the open claim is open, if this process works under it; taking one over does not open it anew.

    Args:
        found: the environment.
        entry: the id of the entry by which the claim is held for which this process works; "" for none.
    """
    held = found.claim
    if held is None or not (_is_ours(held) or held.entry == entry):
        return None
    return datetime.fromisoformat(held.at)


def _fenced(ledger: Ledger, claim: Entry) -> Entry:
    """Let the ledger write to the environment only while this claim is open. Another claim of its own replaces it."""

    def fence(found: EnvironmentState, event: Event) -> None:
        if not isinstance(event, EnvironmentClaimed | ClaimTakenOver) and not _holds(found, claim):
            raise _lost(found)

    ledger.fence(claim.environment, fence)
    return claim


def _holds(found: EnvironmentState, claim: Entry) -> bool:
    return found.claim is not None and found.claim.entry == claim.id


def _is_lost(ledger: Ledger, claim: Entry) -> bool:
    """Whether the ledger says so; when it cannot be read, nothing is known, and appends fail anyway."""
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
