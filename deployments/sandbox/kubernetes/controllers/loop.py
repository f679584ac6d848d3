"""Run the controllers of one cluster: a queue of objects to check, and a timer for objects to check later."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import sys
import traceback
from collections.abc import Iterable, Sequence
from typing import Protocol

from deployments.sandbox.kubernetes.status import ApiError
from deployments.sandbox.kubernetes.storage import Event, Key, Store

_AGAIN = 1.0
"""Seconds until a controller retries after an error."""


class Controller(Protocol):
    """Controls the objects of one kind."""

    def affected(self, event: Event) -> Iterable[Key]:
        """Return the keys of this controller's objects that may need work after a write."""

    def reconcile(self, key: Key) -> float | None:
        """Take the next step for one object.

        Returns:
            Seconds until the object should be checked again, or `None` to wait for the next write.
        """


class Loop:
    """The work queue of one cluster."""

    def __init__(self, store: Store, controllers: Sequence[Controller]) -> None:
        self._store = store
        self._controllers = controllers
        self._waiting: dict[tuple[int, Key], None] = {}
        self._later: list[tuple[float, int, tuple[int, Key]]] = []
        self._due: dict[tuple[int, Key], float] = {}
        self._numbers = itertools.count()
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Run until cancelled. Start with every object, so that work continues after a restart."""
        stop = self._store.listen(self._hear)
        for key, item in self._store.everything():
            self._hear(Event(self._store.revision, "ADDED", key, item, None))
        try:
            while True:
                await self._rest()
                self._work()
                # Let requests run between any two steps.
                await asyncio.sleep(0)
        finally:
            stop()

    def _hear(self, event: Event) -> None:
        for index, controller in enumerate(self._controllers):
            for key in controller.affected(event):
                self._waiting[index, key] = None
        self._woken.set()

    async def _rest(self) -> None:
        """Wait until there is work."""
        self._take_due()
        while not self._waiting:
            self._woken.clear()
            seconds = max(self._later[0][0] - self._time(), 0.0) if self._later else None
            try:
                await asyncio.wait_for(self._woken.wait(), seconds)
            except TimeoutError:
                self._take_due()

    def _take_due(self) -> None:
        while self._later and self._later[0][0] <= self._time():
            when, _, what = heapq.heappop(self._later)
            if self._due.get(what) == when:
                del self._due[what]
                self._waiting[what] = None

    def _work(self) -> None:
        what = next(iter(self._waiting))
        del self._waiting[what]
        index, key = what
        try:
            seconds = self._controllers[index].reconcile(key)
        except ApiError as error:
            print(f"{type(self._controllers[index]).__name__} {key}: {error.message}", file=sys.stderr, flush=True)
            seconds = _AGAIN
        except Exception:  # noqa: BLE001 one controller's bug must not stop the others; the log has the traceback
            traceback.print_exc()
            seconds = _AGAIN
        if seconds is not None:
            self._again(what, self._time() + seconds)

    def _again(self, what: tuple[int, Key], when: float) -> None:
        if when < self._due.get(what, float("inf")):
            self._due[what] = when
            heapq.heappush(self._later, (when, next(self._numbers), what))

    @staticmethod
    def _time() -> float:
        return asyncio.get_running_loop().time()
