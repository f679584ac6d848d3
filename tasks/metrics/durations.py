"""Measures how long steps took, as histograms that grow with the ledger's entries. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from tasks.domain.events import UnitApplied, UnitApplyFailed, UnitApplying, UnitSmoked
from tasks.ledger.entries import Entry

BUCKETS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0)
"""Upper bounds in seconds: smoke checks take seconds, databases half an hour."""


@dataclass
class Histogram:
    """Observations by bucket; `counts` has one more bucket for durations above all bounds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        """Add one observation."""
        place = next((place for place, bound in enumerate(BUCKETS) if seconds <= bound), len(BUCKETS))
        self.counts[place] += 1
        self.total += seconds

    @property
    def cumulative(self) -> list[tuple[str, float]]:
        """Return (upper bound, observations up to it) for each bucket, in Prometheus' format."""
        sums = [float(sum(self.counts[: place + 1])) for place in range(len(self.counts))]
        return list(zip([*(str(bound) for bound in BUCKETS), "+Inf"], sums, strict=True))


class Durations:
    """The durations of one environment: {(step, unit): histogram}."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Histogram] = defaultdict(Histogram)
        self._began: dict[str, str] = {}

    def add(self, entry: Entry) -> None:
        """Take one more entry into account."""
        event = entry.event
        if isinstance(event, UnitApplying):
            self._began.setdefault(event.unit, entry.at)
        elif isinstance(event, UnitApplied | UnitApplyFailed):
            began = self._began.pop(event.unit, "")
            if began:
                self.found["apply", event.unit].observe(_between(began, entry.at))
        elif isinstance(event, UnitSmoked) and event.results:
            self.found["smoke", event.unit].observe(max(result.seconds for result in event.results))


def _between(began: str, ended: str) -> float:
    return max(0.0, (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds())
