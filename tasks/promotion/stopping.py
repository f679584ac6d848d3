"""Stop runs from outside: a signal reaches only one thread, and runs may work in several."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tasks.domain.errors import Unanswered


class Stops:
    """The running runs and how to stop them; passed to all runs that must end together."""

    def __init__(self) -> None:
        self._running: list[Callable[[], None]] = []
        self._stopped = False
        self._lock = threading.Lock()

    @contextmanager
    def including(self, stop: Callable[[], None]) -> Iterator[None]:
        """Register `stop` while the context lasts.

        Raises:
            Unanswered: everything was stopped already, so nothing may start.
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
        """Stop every run, and let none start."""
        with self._lock:
            self._stopped = True
            running = [*self._running]
        for stop in running:
            stop()
