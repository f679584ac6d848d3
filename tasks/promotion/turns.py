"""Choose which unit is worked on next: of the ready units, the one with the longest chain of applies after it.

At most `at_once` units are worked on at the same time, and for an engine with a limit of its own at most that many.
The limit of an account is shared with the environments that are worked on side by side. When a cloud throttles
requests, `at_once` is halved, and grows by one after every `RECOVERS_AFTER` turns without throttling, as TCP does on
a shared line.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tasks.domain.errors import Throttled
from tasks.promotion.under_way import QUEUED, RESUMED

ACCOUNT = "account:"
"""Prefix of the name of an account's limit; other names are engines."""
RECOVERS_AFTER = 8
"""Turns in a row without throttling after which one more unit may be worked on."""


@dataclass(frozen=True, order=True)
class _Waiting:
    """One ready unit; units sort in the order in which they get their turn."""

    urgency: float
    number: int
    engine: str
    account: str
    woken: threading.Condition = field(compare=False)


class Accounts:
    """Counts the units worked on in each account, for all environment runs that were given the same object.

    Attributes:
        lock: held to read or change these counts, and to wait.
        working: {account: number of units worked on in it}.
        turns: the turns of the environment runs in which a unit waits.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.working: Counter[str] = Counter()
        self.turns: list[Turns] = []

    def wake(self) -> None:
        """Wake the next unit of each run, and no others: of a thousand waiting units, one has something to do."""
        for turns in self.turns:
            turns.wake()


class Turns:
    """The turns of one environment run.

    Args:
        at_once: the most units to work on at the same time.
        limits: {engine, or "account:" and an account's id: its limit}.
        accounts: counts units by account, in this run and in others beside it.
    """

    def __init__(
        self, at_once: int, limits: Mapping[str, int] | None = None, accounts: Accounts | None = None
    ) -> None:
        self.at_once = at_once
        self._most = at_once
        self._limits = dict(limits or {})
        self._accounts = accounts or Accounts()
        self._lock = self._accounts.lock
        self._waiting: list[_Waiting] = []
        self._working: Counter[str] = Counter()
        self._numbers = 0
        self._calm = 0

    @contextmanager
    def taken(
        self, engine: str, urgency: float, report: Callable[[str], object], account: str = ""
    ) -> Iterator[None]:
        """Wait for a turn, and hold it while the context lasts.

        Args:
            engine: the engine of the unit.
            urgency: seconds from here to the end of the longest chain of units that starts with this one.
            report: called with `QUEUED` if the turn does not come at once, and with `RESUMED` when it has come.
            account: the account that the unit is in; "" if it is in none.
        """
        self._take(engine, urgency, report, account)
        try:
            yield
        except Throttled:
            self.throttled()
            raise
        finally:
            self._give_back(engine, account)

    def throttled(self) -> None:
        """Halve the number of units worked on at the same time, because a cloud throttles requests."""
        with self._lock:
            # The throttled turn is not over yet, and must not count as calm when it ends.
            self.at_once, self._calm = max(1, self.at_once // 2), -1

    def _take(self, engine: str, urgency: float, report: Callable[[str], object], account: str) -> None:
        with self._lock:
            self._numbers += 1
            one = _Waiting(-urgency, self._numbers, engine, account, threading.Condition(self._lock))
            self._queue(one)
            try:
                self._wait(one, report)
                self._working[engine] += 1
                self._accounts.working[account] += 1
            finally:
                # A thread that is interrupted while it waits must not block the others.
                self._leave(one)
                self._accounts.wake()

    def _queue(self, one: _Waiting) -> None:
        if not self._waiting:
            self._accounts.turns.append(self)
        self._waiting.append(one)

    def _leave(self, one: _Waiting) -> None:
        self._waiting.remove(one)
        if not self._waiting:
            self._accounts.turns.remove(self)

    def _wait(self, one: _Waiting, report: Callable[[str], object]) -> None:
        if self._next() is one:
            return
        report(QUEUED)
        while self._next() is not one:
            one.woken.wait()
        report(RESUMED)

    def wake(self) -> None:
        """Wake the next unit of this run."""
        following = self._next()
        if following is not None:
            following.woken.notify()

    def _next(self) -> _Waiting | None:
        if self._working.total() >= self.at_once:
            return None
        return min((one for one in self._waiting if self._may_work(one)), default=None)

    def _may_work(self, one: _Waiting) -> bool:
        if self._working[one.engine] >= self._limits.get(one.engine, self._most):
            return False
        limit = self._limits.get(f"{ACCOUNT}{one.account}")
        return limit is None or self._accounts.working[one.account] < limit

    def _give_back(self, engine: str, account: str) -> None:
        with self._lock:
            self._working[engine] -= 1
            self._accounts.working[account] -= 1
            self._calm += 1
            if self._calm >= RECOVERS_AFTER and self.at_once < self._most:
                self.at_once, self._calm = self.at_once + 1, 0
            self._accounts.wake()
