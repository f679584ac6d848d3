"""Monitors every few seconds whether the Prefect server that starts our runs does its work.

It runs in its own thread, so that `/health` responds at once, whatever Prefect does.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from deployments.github.background import Background
from deployments.services import READY, ServiceHealth
from tasks.domain.errors import Unanswered

log = structlog.get_logger("flowmart.github")

Judge = Callable[[float], ServiceHealth]
"""Returns Prefect's health, given its start time in seconds since the epoch."""

_EVERY = 10.0


class Watch(Background):
    """Calls `judge` repeatedly. Prefect counts as started at the first check, or when it last did not respond."""

    def __init__(self, judge: Judge, clock: Callable[[], float] = time.time) -> None:
        """`clock` returns seconds since the epoch."""
        super().__init__("watch")
        self._judge = judge
        self._clock = clock
        self._began = clock()
        self._found = ServiceHealth("starting", "it was not asked yet what Prefect has planned")

    def stop(self, patience: float = 5.0) -> None:
        """Stop after the current check; one that takes longer ends with the process."""
        super().stop(patience)

    def trouble(self) -> str:
        """Return an empty string: the results are Prefect's trouble and are reported as `health`."""
        return ""

    @property
    def health(self) -> ServiceHealth:
        """The result of the last check."""
        if self.dead:
            return ServiceHealth(
                "fails", "the watch has ended unexpectedly: see the log, and start the receiver again"
            )
        return self._found

    def once(self) -> None:
        """Check once."""
        try:
            found = self._judge(self._began)
        except Unanswered as error:
            # It counts as restarted when it responds again.
            self._began = self._clock()
            found = ServiceHealth("fails", f"Prefect does not say what it has planned: {error}")
        if found.reason != self._found.reason and found != READY:
            log.warning("schedules", state=found.state, what=found.reason)
        self._found = found

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.once()
            self._stopping.wait(_EVERY)
