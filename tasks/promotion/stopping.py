"""Ends runs from outside of them: a signal reaches one thread only, and runs may be at work in several."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tasks.domain.errors import Unanswered


class Stops:
    """How to stop each run that is at work; handed to all that are to end together."""

    def __init__(self) -> None:
        self._running: list[Callable[[], None]] = []
        self._stopped = False
        self._lock = threading.Lock()

    @contextmanager
    def including(self, stop: Callable[[], None]) -> Iterator[None]:
        """While this lasts, `stop` belongs to it.

        Raises:
            Unanswered: all were stopped already, so nothing begins any more.
        """
        with self._lock:
            if self._stopped:
                raise Unanswered("not begun: the run is being cancelled")
            self._running.append(stop)
        try:
            yield
        finally:
            with self._lock:
                self._running.remove(stop)

    def stop(self) -> None:
        """Stop every run, and let none begin."""
        with self._lock:
            self._stopped = True
            running = [*self._running]
        for stop in running:
            stop()
