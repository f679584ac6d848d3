"""Starts flow runs for the deliveries in the inbox, in order of arrival, in its own thread.

A delivery stays in the inbox until Prefect confirms that its run exists. If this process dies in between, the next
one asks again with the same key and gets the same run. So a delivery never has two runs, and two dispatchers may
share an inbox.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import structlog

from deployments.github.background import Background
from deployments.github.inbox import Entry, Inbox
from deployments.github.runs import Runs
from tasks.domain.errors import NotFound, Refused, Unanswered

log = structlog.get_logger("flowmart.github")

PREFECT = "Prefect"
"""The name under which all starts are paused; the other names are deployments."""

_LONGEST_PAUSE = 60.0
_LOOK_AGAIN = 2.0
"""Seconds between checks of the inbox without a notification, because another process may have written to it."""

_PRUNE_EVERY = 3600.0


@dataclass
class Pauses:
    """Exponential backoff with jitter per name: one second at first, doubled each time, up to a minute."""

    clock: Callable[[], float] = time.monotonic
    _until: dict[str, tuple[int, float]] = field(default_factory=dict)

    def begin(self, name: str) -> float:
        """Record a failure, and return how many seconds to pause."""
        failures = self._until.get(name, (0, 0.0))[0] + 1
        # Jitter, so that many receivers do not retry at the same time; it need not be unpredictable.
        seconds = min(_LONGEST_PAUSE, 2.0 ** (failures - 1)) * random.uniform(0.75, 1.0)  # noqa: S311
        self._until[name] = (failures, self.clock() + seconds)
        return seconds

    def end(self, name: str) -> None:
        """Record a success, which ends the pause."""
        self._until.pop(name, None)

    def left(self, name: str) -> float:
        """Return the seconds until the next attempt; 0 means now."""
        return max(0.0, self._until.get(name, (0, 0.0))[1] - self.clock())

    def __iter__(self) -> Iterator[str]:
        return (name for name in tuple(self._until) if self.left(name))


class Dispatcher(Background):
    """Takes deliveries from `inbox` and starts them with `runs`."""

    def __init__(
        self,
        inbox: Inbox,
        runs: Runs,
        keep_seconds: float,
        pauses: Pauses | None = None,
        objection: Callable[[Entry], str] = lambda _: "",
    ) -> None:
        """`keep_seconds`: how long finished deliveries are kept. `objection`: why one starts nothing, or empty."""
        super().__init__("dispatcher")
        self._inbox = inbox
        self._runs = runs
        self._keep = keep_seconds
        self._objection = objection
        self._pauses = pauses or Pauses()
        self._trouble: dict[str, str] = {}
        self._pruned = 0.0
        self._awake = threading.Event()

    def wake(self) -> None:
        """Signal that a delivery is waiting."""
        self._awake.set()

    def stop(self, patience: float = 20.0) -> None:
        """Stop after the delivery that is being started; the rest stays in the inbox."""
        # Set before the thread wakes, or it would wait again.
        self._stopping.set()
        self._awake.set()
        super().stop(patience)

    def trouble(self) -> str:
        """Return what prevents deliveries from being started; empty if nothing does."""
        if self.dead:
            return "the dispatcher has ended unexpectedly: see the log, and start the receiver again"
        return "; ".join(tuple(self._trouble.values()))

    def once(self) -> None:
        """Start the waiting deliveries that can be started now, reading one at a time: the next may be superseded."""
        while not self._stopping.is_set() and not self._pauses.left(PREFECT):
            paused = tuple(self._pauses)
            waiting = self._inbox.waiting(without=paused, limit=1)
            if not waiting:
                self._trouble = {name: why for name, why in self._trouble.items() if name in paused}
                return
            self._start(waiting[0])

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._awake.clear()
            try:
                self.once()
                self._prune()
            except Unanswered as error:
                self._pause(PREFECT, error)
            if down := self._pauses.left(PREFECT):
                self._stopping.wait(down)
            else:
                self._awake.wait(_LOOK_AGAIN)

    def _start(self, entry: Entry) -> None:
        if objection := self._objection(entry):
            self._inbox.ignored(entry, objection).result()
            log.info("ignored", delivery=entry.id, what=objection)
            return
        try:
            run = self._runs.start(entry.deployment, entry.parameters, entry.key)
        except Refused as error:
            self._inbox.failed(entry, str(error)).result()
            log.error("failed", delivery=entry.id, what=str(error))
        except (Unanswered, NotFound) as error:
            self._inbox.tried(entry, str(error)).result()
            self._pause(entry.deployment if isinstance(error, NotFound) else PREFECT, error)
        else:
            self._inbox.dispatched(entry, run).result()
            self._resume(entry.deployment)
            log.info("dispatched", delivery=entry.id, deployment=entry.deployment, flow_run=run)

    def _pause(self, name: str, error: Unanswered | NotFound) -> None:
        seconds = self._pauses.begin(name)
        self._trouble[name] = str(error)
        log.warning("waiting", what=f"{error}; deliveries stay in the inbox, next try in {seconds:.0f} s")

    def _resume(self, deployment: str) -> None:
        for name in (PREFECT, deployment):
            self._pauses.end(name)
            self._trouble.pop(name, None)

    def _prune(self) -> None:
        if time.monotonic() - self._pruned > _PRUNE_EVERY or not self._pruned:
            self._inbox.prune(time.time() - self._keep).result()
            self._pruned = time.monotonic()
