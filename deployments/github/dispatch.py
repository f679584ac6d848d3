"""Turns what waits in the inbox into flow runs, in the order in which it came, in a thread of its own.

A delivery stays in the inbox until Prefect says that its run exists. When this process dies between the two, the next
one asks again with the same key, and is given the same run: two runs for one delivery cannot be, and two dispatchers
at one inbox do no harm.
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
"""What is paused when nothing can be started at all; the other names are deployments."""

_LONGEST_PAUSE = 60.0
_LOOK_AGAIN = 2.0
"""Seconds after which the inbox is looked at though nobody said that something came: another process may have."""

_PRUNE_EVERY = 3600.0


@dataclass
class Pauses:
    """What is not asked for a while: a second, then twice that each time, up to a minute, with jitter."""

    clock: Callable[[], float] = time.monotonic
    _until: dict[str, tuple[int, float]] = field(default_factory=dict)

    def begin(self, name: str) -> float:
        """It did not work again; how many seconds to leave it alone."""
        failures = self._until.get(name, (0, 0.0))[0] + 1
        # Jitter, so that many receivers do not come back at once; nothing depends on it being unpredictable.
        seconds = min(_LONGEST_PAUSE, 2.0 ** (failures - 1)) * random.uniform(0.75, 1.0)  # noqa: S311
        self._until[name] = (failures, self.clock() + seconds)
        return seconds

    def end(self, name: str) -> None:
        """It worked."""
        self._until.pop(name, None)

    def left(self, name: str) -> float:
        """Seconds until it is asked again; 0: now."""
        return max(0.0, self._until.get(name, (0, 0.0))[1] - self.clock())

    def __iter__(self) -> Iterator[str]:
        return (name for name in tuple(self._until) if self.left(name))


class Dispatcher(Background):
    """Takes deliveries from `inbox` and has `runs` start them."""

    def __init__(
        self,
        inbox: Inbox,
        runs: Runs,
        keep_seconds: float,
        pauses: Pauses | None = None,
        objection: Callable[[Entry], str] = lambda _: "",
    ) -> None:
        """`keep_seconds`: how long deliveries are kept that were done with. `objection`: why one starts nothing."""
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
        """Something waits."""
        self._awake.set()

    def stop(self, patience: float = 20.0) -> None:
        """Finish the one that is being started, for `patience` seconds at most; the rest stays in the inbox."""
        # Before it wakes, or it would wait again.
        self._stopping.set()
        self._awake.set()
        super().stop(patience)

    def trouble(self) -> str:
        """What keeps deliveries from being started; empty when nothing does."""
        if self.dead:
            return "the dispatcher has ended unexpectedly: see the log, and start the receiver again"
        return "; ".join(tuple(self._trouble.values()))

    def once(self) -> None:
        """Start what waits, and can be started now. One is looked up at a time: meanwhile it may be superseded."""
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
