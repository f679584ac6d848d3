"""What all events have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class Event:
    """The base of all events."""

    kind: ClassVar[str] = ""
    version: ClassVar[int] = 1


@dataclass(frozen=True, kw_only=True)
class UnitEvent(Event):
    """The base of events about one unit at one release."""

    unit: str
    release: str
