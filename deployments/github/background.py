"""Background work of the receiver: a thread that repeats its work until it is stopped."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod


class Background(ABC):
    """A thread that runs `_run` until it is stopped.

    `_run` must return soon after `_stopping` is set. A thread that ended for any other reason is `dead`.
    """

    def __init__(self, name: str) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, patience: float = 20.0) -> None:
        """Stop after the current work, and wait for that at most `patience` seconds."""
        self._stopping.set()
        self._thread.join(patience)

    @property
    def dead(self) -> bool:
        """True if the thread ended although nobody stopped it."""
        return bool(self._thread.ident) and not self._thread.is_alive() and not self._stopping.is_set()

    @abstractmethod
    def _run(self) -> None:
        """Work until `_stopping` is set."""
