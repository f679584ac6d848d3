"""The windows of an analysis. Pure: seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from tasks.domain.analysis import Analysis

WEEK = 7 * 86400.0


@dataclass(frozen=True)
class Span:
    """A stretch of time, in seconds since 1970."""

    begins: float
    ends: float

    @property
    def length(self) -> str:
        """How long it is, as PromQL has it: "300s"."""
        seconds = self.ends - self.begins
        return f"{seconds:.0f}s" if seconds >= 1 and seconds == round(seconds) else f"{seconds * 1000:.0f}ms"

    def shifted(self, seconds: float) -> Span:
        """The same stretch, so much later."""
        return Span(self.begins + seconds, self.ends + seconds)


def after(analysis: Analysis, applied: float) -> tuple[Span, ...]:
    """The windows after an apply: they begin with it, so that nothing of what was there before is in them."""
    begin, length = applied + analysis.delay, analysis.window
    return tuple(Span(begin + k * length, begin + (k + 1) * length) for k in range(analysis.windows))


def before(analysis: Analysis, began: float) -> tuple[Span, ...]:
    """As many windows right before an apply began, oldest first."""
    return tuple(span.shifted(began - analysis.delay - analysis.length) for span in after(analysis, 0.0))


def is_over(span: Span, analysis: Analysis, now: float) -> bool:
    """Whether all samples of a window have arrived. A server answers for the future with old values."""
    return now >= span.ends + analysis.lag


def iso(moment: float) -> str:
    """The moment for people and for the ledger."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
