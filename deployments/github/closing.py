"""Whatever way a flow run ends, what it began on GitHub is ended too.

A run that was killed, cancelled, or failed before it could report leaves a check run in progress, statuses pending, a
command without an answer. Every run that a delivery started is looked at until it is over; what it left open is then
closed, with the reason. It is noted in the inbox, so that this survives a restart.
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
"""Seconds."""


class Endings(Protocol):
    """Something that knows how flow runs ended."""

    def ending(self, run: str) -> Ending | None:
        """How a run ended; None while it goes on. `Unanswered`: nobody knows."""


class Hub(Protocol):
    """Something that finds the platform on GitHub."""

    def __call__(self, run: str) -> OnGitHub:
        """The platform there, as the run with that id sees it."""


class Closing(Background):
    """Closes what ended runs left open, in a thread of its own."""

    def __init__(self, inbox: Inbox, runs: Endings, hub: Hub) -> None:
        super().__init__("closing")
        self._inbox = inbox
        self._runs = runs
        self._hub = hub
        self._trouble = ""

    def trouble(self) -> str:
        """What keeps runs from being looked at; empty when nothing does."""
        if self.dead:
            return "nobody closes what ended runs left open: see the log, and start the receiver again"
        return self._trouble

    def once(self) -> None:
        """Look at every run that is not known to be over. What gets no answer is left to the next time."""
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
