"""Defines analyses: what is measured for a while after an apply, the measurements, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

NoData = Literal["inconclusive", "pass", "fail"]

ENVIRONMENT = ""
"""Represents the environment itself among the subjects of analyses. Every apply restarts its analysis."""


class Rating(StrEnum):
    """The rating of one window.

    `unknown` means that there is no value; `unanswered`, that the server did not respond.
    """

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"
    UNKNOWN = "unknown"
    UNANSWERED = "unanswered"


class Verdict(StrEnum):
    """The result of an analysis."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Compare:
    """A limit from the past: `times` the median of the windows just `before` the apply, or a `week` earlier."""

    of: Literal["before", "week"]
    times: float


@dataclass(frozen=True)
class LogQuery:
    """A count of documents in a log.

    Attributes:
        stream: the streams or indices, with wildcards.
        service: `service.name` of the documents.
        filter: any query that replaces the service filter, as the API takes it.
        level: this level and more severe ones: warning, error or critical.
        level_field, kind_field: the fields of the level and of the kind of an error.
        min_documents: with fewer documents of any level, the value is unknown.
        new_kinds: count kinds of errors that never occurred before the apply, instead of documents.
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
    """A value that is measured in every window.

    Exactly one of `total` (with `bad`), `query`, `alerts` and `logs` is set.

    Attributes:
        bad, total: counts of events; their ratio is the value.
        query: a query that returns the value.
        alerts: labels of alerts that must not fire; the value is the number that do.
        logs: what is counted in a log.
        at_most, at_least: the limits of good values.
        fail_above, fail_below: the limits of bad values; values between good and bad are doubtful.
        min_events: with a lower `total`, the value is unknown.
        compare: a limit from the past, or None.
        tolerate: the number of windows that may be anything but good.
        no_data: the rating of a window without data.
        environments: where the metric is measured; empty means everywhere that the analysis runs.
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
    """The measurements after an apply, in windows that do not overlap. All times are in seconds.

    Attributes:
        metrics: what is measured.
        length, window: the total length, a multiple of one window's length.
        delay: time from the apply to the first window.
        lag: how late samples may arrive.
        timeout: the time limit of one query.
        patience: how long after the end unanswered windows are retried.
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
        """Return the number of windows."""
        return round(self.length / self.window)

    @property
    def seconds(self) -> float:
        """Return the seconds from the apply until the last window can be queried."""
        return self.delay + self.length + self.lag


@dataclass(frozen=True)
class Window:
    """One measurement, as evidence.

    Attributes:
        metric: its name.
        begins, ends: ISO 8601, UTC.
        rating: its rating.
        value: the measured value; None if it is unknown.
        why: the reason for the rating, for people.
        query: the query, with the length of the window filled in.
        link: a page of the server that shows it.
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
    """A promotion that waits for a person because its analysis is inconclusive.

    Attributes:
        release: the release that was applied.
        at: when it was paused (ISO 8601, UTC).
        why: the evidence, for people.
        doubtful: whether some values were not good, so it was not only missing data.
        until: when a release with doubtful values is rolled back (ISO 8601, UTC).
        subjects: the units whose analysis is inconclusive; "" is the environment itself.
    """

    release: str
    at: str
    why: str
    doubtful: bool
    until: str
    subjects: tuple[str, ...] = field(default_factory=tuple)
