"""Finds deliveries that GitHub could not deliver, at the start and every few minutes.

GitHub gives up on a delivery after ten seconds and does not resend it. So the sweep asks GitHub which deliveries of
our webhook are missing from the inbox. It also checks whether the branch and the open pull requests are where the
inbox last saw them. What is missing is stored as if it had arrived. The first sweep of a repository starts nothing:
what existed before the receiver is not new.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator

import structlog

from deployments.github.asking import Head, Source
from deployments.github.background import Background
from deployments.github.events import Decision, Ignored, Intent, decide, deliver, pull_request
from deployments.github.home import Home
from deployments.github.inbox import Inbox, State
from deployments.github.settings import ReceiverSettings
from tasks.domain.errors import NotFound, Refused, Unanswered
from tasks.github.repositories import Repository

log = structlog.get_logger("flowmart.github")

_ON_ITS_WAY = 60.0
"""Seconds during which GitHub may still be delivering; younger deliveries are left to the next sweep."""

_OVERLAP = 3600.0
_GITHUB_KEEPS = 3 * 24 * 3600.0
"""Seconds for which GitHub lists deliveries that can be resent."""

_NAMESPACE = uuid.UUID("6b3a1df2-5c0e-4d0a-9a55-0f1c2f6f7a11")
"""For the ids of deliveries that only the sweep has seen: the same change of a head gives the same id."""


class Sweep(Background):
    """Compares the inbox with `source`, and stores what is missing."""

    def __init__(
        self,
        inbox: Inbox,
        source: Source,
        settings: ReceiverSettings,
        home: Home,
        arrived: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` returns seconds since the epoch."""
        super().__init__("sweep")
        self._inbox = inbox
        self._source = source
        self._settings = settings
        self._home = home
        self._arrived = arrived
        self._clock = clock
        self._unasked = ""

    def trouble(self) -> str:
        """Return what prevents the sweep; empty if nothing does."""
        if self.dead:
            return "the sweep has ended unexpectedly: see the log, and start the receiver again"
        return f"{self._home.name} was not swept: {self._unasked}" if self._unasked else ""

    def once(self) -> int:
        """Sweep the repository, and return how many stored deliveries start something.

        If the sweep fails, the recorded time of the last sweep does not change.
        """
        began = self._clock()
        try:
            repository = self._source.repository()
            self._home.learn(repository.number)
            missed = [self._keep(*delivery) for delivery in self._missed(repository, began)]
        except (Unanswered, NotFound, Refused) as error:
            self._unasked = str(error)
            log.warning("not swept", repository=self._home.name, what=str(error))
            return 0
        self._inbox.sweep_done(self._home.name.lower(), began).result()
        self._unasked = ""
        return sum(missed)

    def _missed(self, repository: Repository, now: float) -> Iterator[tuple[str, str, Decision]]:
        last = self._inbox.swept(self._home.name.lower())
        if last is not None:
            since = max(last - _OVERLAP, now - _GITHUB_KEEPS)
            yield from self._deliveries(repository.name, since, now - _ON_ITS_WAY)
        yield from self._heads(repository, now - _ON_ITS_WAY, is_first=last is None)

    def _deliveries(self, name: str, since: float, until: float) -> Iterator[tuple[str, str, Decision]]:
        """Yield missed deliveries, oldest first. Without our address we cannot tell which webhook is ours."""
        if not self._settings.url:
            return
        for hook in self._source.hooks(name, self._settings.url):
            for attempt in reversed([a for a in self._source.attempts(name, hook, since) if a.at <= until]):
                if not self._inbox.has(attempt.delivery):
                    payload = self._source.payload(name, hook, attempt.number)
                    yield attempt.delivery, attempt.event, decide(attempt.event, payload, self._home.rules)

    def _heads(self, found: Repository, until: float, is_first: bool) -> Iterator[tuple[str, str, Decision]]:
        for head in self._source.heads(found.name, found.branch):
            intent = _intent(found.name, head)
            known = self._inbox.head_of(intent.subject)
            if known == head.sha or (head.moment > until and not is_first):
                continue
            # The known head belongs to it: a branch can be forced back to a commit where it was before.
            delivery = str(uuid.uuid5(_NAMESPACE, f"{intent.subject} {known} {head.sha} {head.moment}"))
            yield delivery, "sweep", _noted(intent) if is_first else intent

    def _keep(self, delivery: str, event: str, decision: Decision) -> bool:
        receipt = self._inbox.receive(delivery, event, decision).result()
        starts = receipt.state is State.RECEIVED and not receipt.known
        if starts:
            log.warning("missed delivery found", delivery=delivery, github_event=event)
            self._arrived()
        return starts

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.once()
            self._stopping.wait(self._settings.sweep_seconds)


def _intent(repository: str, head: Head) -> Intent:
    if head.number:
        return pull_request(repository, head.number, head.sha, head.moment)
    return deliver(repository, head.branch, head.sha, head.moment)


def _noted(intent: Intent) -> Ignored:
    return Ignored("there before the receiver was", intent.subject, intent.head)
