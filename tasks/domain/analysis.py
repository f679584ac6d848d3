"""An analysis: what metrics must show for a while after an apply, what was measured, and what that amounts to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

NoData = Literal["inconclusive", "pass", "fail"]

ENVIRONMENT = ""
"""Stands for the environment itself among the units that have an analysis: every apply begins its analysis anew."""


class Rating(StrEnum):
    """How one window is. `unknown`: there is no value; `unanswered`: it could not be asked for."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"
    UNKNOWN = "unknown"
    UNANSWERED = "unanswered"


class Verdict(StrEnum):
    """What an analysis amounts to."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Compare:
    """A limit from the past: `times` the median of windows right `before` the apply, or a `week` earlier."""

    of: Literal["before", "week"]
    times: float


@dataclass(frozen=True)
class LogQuery:
    """What is counted in a log.

    Attributes:
        stream: the streams or indices, with wildcards.
        service: `service.name` of the documents.
        filter: any query in place of the service, as the API takes it.
        level: this one and worse: warning, error or critical.
        level_field, kind_field: where the level and the kind of an error are.
        min_documents: with fewer documents of any level, the value is not known.
        new_kinds: count the kinds of errors that were never seen before the apply, and not the documents.
    """

    stream: str
    service: str = ""
    filter: Mapping[str, Any] | None = None
    level: str = "error"
    level_field: str = "log.level"
    kind_field: str = "error.type"
    min_documents: int = 1
    new_kinds: bool = False


@dataclass(frozen=True)
class Metric:
    """One thing that is measured in every window.

    Exactly one of `total` (with `bad`), `query`, `alerts` and `logs` is set.

    Attributes:
        bad, total: events; their ratio is the value.
        query: gives the value.
        alerts: labels of alerts of which none may fire; the value is how many do.
        logs: what is counted in a log.
        at_most, at_least: the value is good up to here.
        fail_above, fail_below: it is bad from here; between is doubtful.
        min_events: with less `total`, the value is not known.
        tolerate: how many windows may be anything but good.
        no_data: what a window without data counts as.
        environments: where the metric is asked; none: wherever the analysis is.
    """

    name: str
    bad: str = ""
    total: str = ""
    query: str = ""
    alerts: Mapping[str, str] | None = None
    logs: LogQuery | None = None
    at_most: float | None = None
    at_least: float | None = None
    fail_above: float | None = None
    fail_below: float | None = None
    min_events: float = 0.0
    compare: Compare | None = None
    tolerate: int = 1
    no_data: NoData = "inconclusive"
    environments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Analysis:
    """What is measured after an apply, in windows that do not overlap. All times are in seconds.

    Attributes:
        metrics: what is measured.
        length, window: how long, a multiple of one window.
        delay: how long after the apply the first window begins.
        lag: how late samples may arrive.
        timeout: of one query.
        patience: for how long after the end windows without an answer are asked again.
        decide_within: how long a person may take to decide on doubtful values.
        blocks: whether units that need this one wait for it.
    """

    metrics: tuple[Metric, ...]
    length: float = 1800.0
    window: float = 300.0
    delay: float = 0.0
    lag: float = 60.0
    timeout: float = 10.0
    patience: float = 900.0
    decide_within: float = 7200.0
    blocks: bool = False

    @property
    def windows(self) -> int:
        """How many windows there are."""
        return round(self.length / self.window)

    @property
    def seconds(self) -> float:
        """How long after the apply the last window can be asked for."""
        return self.delay + self.length + self.lag


@dataclass(frozen=True)
class Window:
    """One measurement, as evidence.

    Attributes:
        metric: its name.
        begins, ends: ISO 8601, UTC.
        rating: how it is.
        value: what was measured; None where it is not known.
        why: what decided, in words.
        query: what was asked, with the length of the window filled in.
        link: where the server shows it.
    """

    metric: str
    begins: str
    ends: str
    rating: Rating
    value: float | None = None
    why: str = ""
    query: str = ""
    link: str = ""


@dataclass(frozen=True)
class AppliedAt:
    """When the last apply of a unit began and ended (ISO 8601, UTC)."""

    began: str
    ended: str


@dataclass(frozen=True)
class Paused:
    """A promotion that waits for a person, since its analysis is inconclusive.

    Attributes:
        release: the release that was applied.
        at: since when (ISO 8601, UTC).
        why: the evidence in words.
        doubtful: whether there are values that are not good, and not only silence.
        until: when doubtful values are rolled back (ISO 8601, UTC).
        subjects: the units whose analysis is inconclusive; "" is the environment itself.
    """

    release: str
    at: str
    why: str
    doubtful: bool
    until: str
    subjects: tuple[str, ...] = field(default_factory=tuple)
