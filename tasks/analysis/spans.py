"""Computes the windows of an analysis. Pure: times are seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from tasks.domain.analysis import Analysis

WEEK = 7 * 86400.0


@dataclass(frozen=True)
class Span:
    """A period of time, in seconds since 1970."""

    begins: float
    ends: float

    @property
    def length(self) -> str:
        """Return its length as PromQL writes it: "300s"."""
        seconds = self.ends - self.begins
        return f"{seconds:.0f}s" if seconds >= 1 and seconds == round(seconds) else f"{seconds * 1000:.0f}ms"

    def shifted(self, seconds: float) -> Span:
        """Return the same period, later by `seconds`."""
        return Span(self.begins + seconds, self.ends + seconds)


def after(analysis: Analysis, applied: float) -> tuple[Span, ...]:
    """Return the windows after an apply. None begins before the apply, so they contain no earlier data."""
    begin, length = applied + analysis.delay, analysis.window
    return tuple(Span(begin + k * length, begin + (k + 1) * length) for k in range(analysis.windows))


def before(analysis: Analysis, began: float) -> tuple[Span, ...]:
    """Return the same number of windows right before an apply began, oldest first."""
    return tuple(span.shifted(began - analysis.delay - analysis.length) for span in after(analysis, 0.0))


def is_over(span: Span, analysis: Analysis, now: float) -> bool:
    """Tell whether all samples of a window have arrived. For the future, a server would return old values."""
    return now >= span.ends + analysis.lag


def iso(moment: float) -> str:
    """Return a time (seconds since 1970) as ISO 8601 in UTC, for people and the ledger."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
