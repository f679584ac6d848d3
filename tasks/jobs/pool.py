"""What a work pool is to a run: it brings jobs to machines, and says which of them are gone."""

from __future__ import annotations

from typing import Protocol


class Pool(Protocol):
    """Work pools by their names."""

    def refuse_absent(self, name: str) -> None:
        """Raise `Refused` if jobs cannot be given to a work pool, `Unanswered` if nobody says whether they can."""

    def submit(self, name: str, environment: str, job: str) -> str:
        """Give a job to a work pool; what `end` knows it by. The same job twice is one job.

        Raises:
            Unanswered: whoever keeps the pools does not respond.
            Refused: whoever keeps the pools takes no job from this run.
        """

    def end(self, submitted: str) -> str:
        """How a job ended, in words; "" while it goes on, and while nobody responds."""

    def cancel(self, submitted: str) -> None:
        """Have a job not begun that nobody waits for. That may fail."""
