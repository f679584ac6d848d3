"""Closes what a flow run left open on GitHub, however the run ended.

A run that was killed, was cancelled or failed early leaves things open: a check run in progress, pending statuses, or
a command without a reply. Every run that a delivery started is watched until it ends. What it left open is then
closed, with the reason. The inbox records this, so that it survives a restart.
"""

from __future__ import annotations

from typing import Protocol

import structlog

from deployments.github.background import Background
from deployments.github.inbox import Entry, Inbox
from deployments.github.runs import Ending
from tasks.domain.errors import FlowmartError, Unanswered
from tasks.github import closing
from tasks.github.repositories import OnGitHub

log = structlog.get_logger("flowmart.github")

_EVERY = 20.0
"""Seconds between checks."""


class Endings(Protocol):
    """A source that reports how flow runs ended."""

    def ending(self, run: str) -> Ending | None:
        """Return how a run ended; None while it is running. Raises `Unanswered` if that cannot be read."""


class Hub(Protocol):
    """Finds the platform's repository on GitHub."""

    def __call__(self, run: str) -> OnGitHub:
        """Return the repository from the point of view of the run with that id."""


class Closing(Background):
    """Closes what ended runs left open, in its own thread."""

    def __init__(self, inbox: Inbox, runs: Endings, hub: Hub) -> None:
        super().__init__("closing")
        self._inbox = inbox
        self._runs = runs
        self._hub = hub
        self._trouble = ""

    def trouble(self) -> str:
        """Return what prevents it from checking runs; empty if nothing does."""
        if self.dead:
            return "nobody closes what ended runs left open: see the log, and start the receiver again"
        return self._trouble

    def once(self) -> None:
        """Check every run that is not known to have ended; if a service does not respond, the next call retries."""
        troubles = []
        for entry in self._inbox.under_way():
            if self._stopping.is_set():
                return
            try:
                self._look_at(entry)
            except FlowmartError as error:
                troubles.append(str(error))
                log.warning("not closed", delivery=entry.id, flow_run=entry.run, what=str(error))
                if isinstance(error, Unanswered):
                    break
        self._trouble = next(iter(troubles), "")

    def _look_at(self, entry: Entry) -> None:
        ending = self._runs.ending(entry.run)
        if ending is None:
            return
        if not ending.good:
            closed = closing.close(self._hub(entry.run), entry.parameters, ending.why)
            log.info("closed", delivery=entry.id, flow_run=entry.run, what=ending.why, number=closed)
        self._inbox.ended(entry, "" if ending.good else ending.why).result()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.once()
            self._stopping.wait(_EVERY)
