"""Events about analyses: what metrics showed after an apply, and what followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tasks.domain.analysis import Verdict, Window
from tasks.domain.events.base import Event, UnitEvent


@dataclass(frozen=True, kw_only=True)
class AnalysisEnded(UnitEvent):
    """An analysis came to a verdict; `unit` is "" for that of the environment. `windows` are the evidence."""

    kind: ClassVar[str] = "analysed"
    verdict: Verdict
    why: str
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AnalysesOmitted(Event):
    """The analyses of `units` ("" for the environment's) are not made in this promotion, and `why`."""

    kind: ClassVar[str] = "analyses_omitted"
    release: str
    units: tuple[str, ...]
    why: str


@dataclass(frozen=True, kw_only=True)
class EnvironmentPaused(Event):
    """Analyses are inconclusive: the release stays applied until a person decides.

    `units` are those whose analysis it is ("" for the environment's). `doubtful`: some values are not good, so that
    everything is rolled back at `until` (ISO 8601, UTC); mere silence is never rolled back.
    """

    kind: ClassVar[str] = "paused"
    release: str
    units: tuple[str, ...]
    why: str
    doubtful: bool
    until: str


@dataclass(frozen=True, kw_only=True)
class EnvironmentContinued(Event):
    """A person decided to go on with what was paused."""

    kind: ClassVar[str] = "continued"
    release: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class IncidentAccepted(Event):
    """A promotion went ahead although metrics were bad before it (`why`), for a `reason`."""

    kind: ClassVar[str] = "incident_accepted"
    release: str
    why: str
    reason: str
