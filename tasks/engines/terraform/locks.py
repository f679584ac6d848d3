"""Parse a state's lock from terraform's errors ("Lock Info:"). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tasks.engines.terraform.diagnostics import Diagnostic
from tasks.engines.terraform.errors import LOCKED, UNRELEASED

_INFO = "Lock Info:"
_FIELD = re.compile(
    r"\b(ID|Operation|Who|Created):\s+(.*?)\s*(?=\n|$|\b(?:Path|Operation|Who|Version|Created|Info):)"
)
_TIME = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) \+0000 UTC")
"""Go's format of a time in UTC, with up to nine digits after the seconds."""


@dataclass(frozen=True)
class Lock:
    """A lock; a text is empty if terraform does not print it.

    Attributes:
        id: the id for `force-unlock`.
        who: "user@host" of the terraform that created it.
        operation: "apply", "plan".
        since: the time of its creation, as terraform prints it.
    """

    id: str
    who: str
    operation: str
    since: str

    @property
    def created(self) -> datetime | None:
        """The time of its creation; None if it cannot be parsed."""
        found = _TIME.fullmatch(self.since)
        return datetime.fromisoformat(f"{found[1]}+00:00") if found else None


def held(found: Iterable[Diagnostic]) -> Lock | None:
    """Return the lock that kept a command from doing anything; None if there was another reason."""
    return _of(found, LOCKED)


def left(found: Iterable[Diagnostic]) -> Lock | None:
    """Return the lock that a command met, or its own lock that it could not release; None if there is neither."""
    return _of(found, LOCKED, UNRELEASED)


def described(lock: Lock, tool: str, folder: str) -> str:
    """Say who has held the lock since when, and which command releases it if that run is over.

    Args:
        lock: the lock.
        tool: the name of the tool.
        folder: the root's folder in its repository.
    """
    since = re.sub(r"(:\d\d)\.\d+ \+0000", r"\1", lock.since or "an unknown time")
    return (
        f"The state is locked by {lock.who or 'somebody'} since {since} ({lock.operation or 'operation'}).\n"
        f"If that run is over: {tool} -chdir={folder} force-unlock {lock.id or 'ID'}"
    )


def _of(found: Iterable[Diagnostic], *summaries: str) -> Lock | None:
    details = (item.detail for item in found if item.summary in summaries)
    told = next((detail for detail in details if _INFO in detail), None)
    return _parsed(told.partition(_INFO)[2]) if told is not None else None


def _parsed(info: str) -> Lock:
    fields = dict(_FIELD.findall(info))
    operation = fields.get("Operation", "").removeprefix("OperationType").lower()
    return Lock(fields.get("ID", ""), fields.get("Who", ""), operation, fields.get("Created", ""))
