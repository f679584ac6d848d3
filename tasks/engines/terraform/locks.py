"""Who holds a state's lock, as terraform prints it ("Lock Info:"). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tasks.engines.terraform.diagnostics import Diagnostic
from tasks.engines.terraform.errors import LOCKED

_FIELD = re.compile(
    r"\b(ID|Operation|Who|Created):\s+(.*?)\s*(?=\n|$|\b(?:Path|Operation|Who|Version|Created|Info):)"
)


def is_locked(found: Iterable[Diagnostic]) -> bool:
    """Whether a command did nothing because somebody else holds the lock."""
    return any(item.summary == LOCKED and "Lock Info:" in item.detail for item in found)


def described(found: Iterable[Diagnostic], source: str) -> str:
    """Who holds it since when, and the command that releases it when that run is over."""
    detail = next(item.detail for item in found if item.summary == LOCKED)
    told = dict(_FIELD.findall(detail.partition("Lock Info:")[2]))
    since = re.sub(r"(:\d\d)\.\d+ \+0000", r"\1", told.get("Created", "an unknown time"))
    what = told.get("Operation", "").removeprefix("OperationType").lower() or "operation"
    return (
        f"The state is locked by {told.get('Who', 'somebody')} since {since} ({what}).\n"
        f"If that run is over: terraform -chdir=infrastructure/{source} force-unlock {told.get('ID', 'ID')}"
    )
