"""Work of the receiver that repeats in a thread of its own until it is stopped."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod


class Background(ABC):
    """A thread that does `_run` until it is stopped.

    `_run` returns soon once `_stopping` is set. A thread that ended for any other reason is `dead`.
    """

    def __init__(self, name: str) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, patience: float = 20.0) -> None:
        """End after what is being done; wait for that for `patience` seconds at most."""
        self._stopping.set()
        self._thread.join(patience)

    @property
    def dead(self) -> bool:
        """Whether the thread has begun and ended though nobody stopped it."""
        return bool(self._thread.ident) and not self._thread.is_alive() and not self._stopping.is_set()

    @abstractmethod
    def _run(self) -> None:
        """Work until `_stopping` is set."""
