"""A state's lock, as terraform prints it ("Lock Info:"). Pure."""

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
"""How Go prints a time in UTC, with up to nine digits after the seconds."""


@dataclass(frozen=True)
class Lock:
    """A lock; texts are empty where terraform does not say.

    Attributes:
        id: what `force-unlock` wants.
        who: "user@host" of the terraform that made it.
        operation: "apply", "plan".
        since: when it was made, as terraform prints it.
    """

    id: str
    who: str
    operation: str
    since: str

    @property
    def created(self) -> datetime | None:
        """When it was made; None where that cannot be read."""
        found = _TIME.fullmatch(self.since)
        return datetime.fromisoformat(f"{found[1]}+00:00") if found else None


def held(found: Iterable[Diagnostic]) -> Lock | None:
    """The lock for which a command did nothing; None where that is not the reason."""
    return _of(found, LOCKED)


def left(found: Iterable[Diagnostic]) -> Lock | None:
    """The lock that is there after a command: one that it met, or its own that it could not release."""
    return _of(found, LOCKED, UNRELEASED)


def described(lock: Lock, tool: str, folder: str) -> str:
    """Who holds it since when, and the command that releases it when that run is over.

    Args:
        tool: how the tool is called.
        folder: the root's folder, in its repository.
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
