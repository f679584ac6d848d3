"""Whether the Prefect server that runs are started at does its work, looked at every few seconds.

In a thread of its own: `/health` answers at once, whatever Prefect does.
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
"""How Prefect is, given since when it runs, in seconds since the epoch."""

_EVERY = 10.0


class Watch(Background):
    """Asks `judge` for ever. Prefect is taken to run since it was first asked, or since it last did not answer."""

    def __init__(self, judge: Judge, clock: Callable[[], float] = time.time) -> None:
        """`clock` returns seconds since the epoch."""
        super().__init__("watch")
        self._judge = judge
        self._clock = clock
        self._began = clock()
        self._found = ServiceHealth("starting", "it was not asked yet what Prefect has planned")

    def stop(self, patience: float = 5.0) -> None:
        """End after the question that is being asked; one that takes longer ends with the process."""
        super().stop(patience)

    def trouble(self) -> str:
        """Nothing: what is found is Prefect's trouble, reported as `health`."""
        return ""

    @property
    def health(self) -> ServiceHealth:
        """What was found last."""
        if self.dead:
            return ServiceHealth(
                "fails", "the watch has ended unexpectedly: see the log, and start the receiver again"
            )
        return self._found

    def once(self) -> None:
        """Look."""
        try:
            found = self._judge(self._began)
        except Unanswered as error:
            # When it is back, it has begun anew.
            self._began = self._clock()
            found = ServiceHealth("fails", f"Prefect does not say what it has planned: {error}")
        if found.reason != self._found.reason and found != READY:
            log.warning("schedules", state=found.state, what=found.reason)
        self._found = found

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.once()
            self._stopping.wait(_EVERY)
