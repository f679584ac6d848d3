"""Counts everything about one environment, entry by entry. Pure."""

from __future__ import annotations

from collections import Counter

from tasks.domain.events import AnalysisEnded, PlanDenied
from tasks.ledger.entries import Entry
from tasks.metrics.durations import Durations
from tasks.metrics.promotions import Promotions


class Counted:
    """The counts after the entries up to `number`. `newest` is the time of the last entry (ISO 8601)."""

    def __init__(self) -> None:
        self.number = 0
        self.newest = ""
        self.promotions = Promotions()
        self.durations = Durations()
        self.analyses: Counter[str] = Counter()
        self.violations: Counter[str] = Counter()

    def add(self, entry: Entry) -> None:
        """Count one more entry."""
        self.number, self.newest = entry.number, entry.at
        self.promotions.add(entry)
        self.durations.add(entry)
        if isinstance(entry.event, AnalysisEnded):
            self.analyses[entry.event.verdict.value] += 1
        elif isinstance(entry.event, PlanDenied):
            self.violations.update(violation.policy for violation in entry.event.findings)
