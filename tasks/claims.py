"""One run at a time in an environment: claims in the ledger, and how to tell that a claim's run is over.

A claim is an entry that may only be written when no claim is open; the ledger's create-only writes make that
hold between machines. It has no lease that could expire under a long apply: a claim is over when its run says
so, or when the process that made it is gone, and then what it began is put back before anything else.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any

import psutil

from tasks.errors import EnvironmentBlocked, EnvironmentBusy
from tasks.ledger import Entry, Ledger
from tasks.standing import Claim, Standing, standing


def claim(ledger: Ledger, environment: str, release: str, purpose: str) -> Entry:
    """Claim an environment for this process; `EnvironmentBusy` or `EnvironmentBlocked` says who is in the way."""

    def decide(entries: Sequence[Entry]) -> Mapping[str, Any]:
        refuse_if_taken(standing(environment, entries))
        return {"release": release, "purpose": purpose, "holder": _ourselves()}

    return ledger.append(environment, "claimed", decide)


def close(ledger: Ledger, environment: str, outcome: str, detail: str = "") -> None:
    """Give the environment back, saying how it went."""
    ledger.append(environment, "closed", {"outcome": outcome, "detail": detail})


def take_over(ledger: Ledger, environment: str) -> None:
    """Make the open claim of a run that is over our own, with all that it began; refused while its run lives."""

    def decide(entries: Sequence[Entry]) -> Mapping[str, Any]:
        found = standing(environment, entries)
        if found.claim is None or not is_over(found.claim):
            refuse_if_taken(found)
        return {"holder": _ourselves()}

    ledger.append(environment, "taken_over", decide)


def refuse_if_taken(found: Standing) -> None:
    """Raise what keeps a run from beginning in this environment, if anything does."""
    if found.blocked:
        raise EnvironmentBlocked(
            f"{found.environment} is blocked: {found.blocked}. Put it right by hand, then "
            f"`flowmart resolve {found.environment} --reason ...`"
        )
    if found.claim is not None:
        held = found.claim
        raise EnvironmentBusy(
            f"{found.environment} is busy: {held.actor} began to {held.purpose} {held.release} at {held.at} "
            f"(process {held.holder['pid']} on {held.holder['host']}). Nothing was started; try again when "
            "`flowmart status` shows that it is over"
        )


def is_over(claim: Claim) -> bool:
    """Whether the process that holds a claim is gone. On another machine we cannot know, and say no."""
    holder = claim.holder
    if holder["host"] != socket.gethostname():
        return False
    try:
        return bool(psutil.Process(holder["pid"]).create_time() != holder["started"])
    except psutil.NoSuchProcess:
        return True


def _ourselves() -> dict[str, Any]:
    started = psutil.Process().create_time()
    return {"host": socket.gethostname(), "pid": os.getpid(), "started": started}
