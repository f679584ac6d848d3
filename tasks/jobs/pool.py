"""What a run needs from a work pool: it brings jobs to machines, and says when a job has ended."""

from __future__ import annotations

from typing import Protocol


class Pool(Protocol):
    """Work pools by their names."""

    def refuse_absent(self, name: str) -> None:
        """Raise `Refused` if the work pool takes no jobs, `Unanswered` if Prefect does not respond."""

    def submit(self, name: str, environment: str, job: str) -> str:
        """Submit a job to a work pool; submitting the same job twice creates one job.

        Args:
            name: the work pool.
            environment: the environment of the job's unit.
            job: the job's name.

        Returns:
            The id by which `end` and `cancel` know the job.

        Raises:
            Unanswered: the server of the pools does not respond.
            Refused: the server of the pools accepts no job from this run.
        """

    def end(self, submitted: str) -> str:
        """Return how a job ended, in words; "" while it runs, or if the server does not respond."""

    def cancel(self, submitted: str) -> None:
        """Try to cancel a job that has not started and that no run waits for."""
