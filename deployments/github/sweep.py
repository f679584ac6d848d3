"""Finds what GitHub meant to tell us and could not, at the start and every few minutes.

GitHub gives a delivery up after ten seconds and does not send it again by itself. So it is asked: which deliveries of
our webhook are not in the inbox, and do the branch and the open pull requests stand where the inbox has last seen
them. What is missing is put into the inbox as if it had arrived. The first look at a repository starts nothing: what
was there before the receiver is not news.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator

import structlog

from deployments.github.asking import Head, Source
from deployments.github.events import Decision, Ignored, Intent, decide, deliver, pull_request
from deployments.github.inbox import Inbox, State
from deployments.github.settings import ReceiverSettings
from tasks.domain.errors import NotFound, Refused, Unanswered

log = structlog.get_logger("flowmart.github")

_ON_ITS_WAY = 60.0
"""Seconds during which GitHub may still be delivering; what is younger is left to the next sweep."""

_OVERLAP = 3600.0
_GITHUB_KEEPS = 3 * 24 * 3600.0
"""Seconds for which GitHub lists deliveries that can be sent again."""

_NAMESPACE = uuid.UUID("6b3a1df2-5c0e-4d0a-9a55-0f1c2f6f7a11")
"""For the ids of deliveries that only the sweep has seen: the same head is the same delivery."""


class Sweep:
    """Asks `source` about every repository on the allowlist, and puts what is missing into the inbox."""

    def __init__(
        self,
        inbox: Inbox,
        source: Source,
        settings: ReceiverSettings,
        arrived: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` tells seconds since the epoch."""
        self._inbox = inbox
        self._source = source
        self._settings = settings
        self._arrived = arrived
        self._clock = clock
        self._unasked: dict[str, str] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweep", daemon=True)

    def start(self) -> None:
        """Begin, and repeat every `sweep_seconds`."""
        self._thread.start()

    def stop(self, patience: float = 20.0) -> None:
        """End after the question that is being asked."""
        self._stopping.set()
        self._thread.join(patience)

    def trouble(self) -> str:
        """What keeps GitHub from being asked; empty when nothing does."""
        if self._thread.ident and not self._thread.is_alive() and not self._stopping.is_set():
            return "the sweep has ended unexpectedly: see the log, and start the receiver again"
        return "; ".join(f"{name} was not swept: {why}" for name, why in tuple(self._unasked.items()))

    def once(self) -> int:
        """Ask about every repository; how many deliveries were put into the inbox that start something.

        A repository that cannot be asked about keeps its time of the last sweep, and the others are asked.
        """
        found = 0
        for repository in self._settings.repositories:
            try:
                found += self.repository(repository)
            except (Unanswered, NotFound, Refused) as error:
                self._unasked[repository] = str(error)
                log.warning("not swept", repository=repository, what=str(error))
            else:
                self._unasked.pop(repository, None)
        return found

    def repository(self, name: str) -> int:
        """Ask about one repository; how many deliveries were missing that start something."""
        began = self._clock()
        missed = [self._keep(*delivery) for delivery in self._missed(name, began)]
        self._inbox.sweep_done(name.lower(), began).result()
        return sum(missed)

    def _missed(self, name: str, now: float) -> Iterator[tuple[str, str, Decision]]:
        last = self._inbox.swept(name.lower())
        if last is not None:
            yield from self._deliveries(name, max(last - _OVERLAP, now - _GITHUB_KEEPS), now - _ON_ITS_WAY)
        yield from self._heads(name, now - _ON_ITS_WAY, is_first=last is None)

    def _deliveries(self, name: str, since: float, until: float) -> Iterator[tuple[str, str, Decision]]:
        """Oldest first, as they would have arrived. Without our address there is no telling which hook is ours."""
        if not self._settings.url:
            return
        for hook in self._source.hooks(name, self._settings.url):
            for attempt in reversed([a for a in self._source.attempts(name, hook, since) if a.at <= until]):
                if not self._inbox.has(attempt.delivery):
                    payload = self._source.payload(name, hook, attempt.number)
                    yield attempt.delivery, attempt.event, decide(attempt.event, payload, self._settings.rules)

    def _heads(self, name: str, until: float, is_first: bool) -> Iterator[tuple[str, str, Decision]]:
        for head in self._source.heads(name, self._settings.branch):
            intent = _intent(name, head)
            if self._inbox.has_seen(intent.subject, head.sha) or (head.moment > until and not is_first):
                continue
            delivery = str(uuid.uuid5(_NAMESPACE, f"{intent.subject} {head.sha}"))
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
