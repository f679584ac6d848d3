"""Which unit is worked on next: of those that are ready, the one with the longest way to the end behind it.

No more than `at_once` units are worked on at the same time, and of an engine with a limit of its own no more than
that. An account with a limit is shared with the environments that are worked on side by side. Where a cloud says that
it is asked too often, it is asked by half as many units, and by one more again after every `RECOVERS_AFTER` turns
without that: what TCP does on a line that it shares with others.
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
"""Begins the name of a limit that is an account's and no engine's."""
RECOVERS_AFTER = 8
"""Turns in a row without throttling after which one more unit is worked on."""


@dataclass(frozen=True, order=True)
class _Waiting:
    """One that is ready; in the order in which they get their turn."""

    urgency: float
    number: int
    engine: str
    account: str
    woken: threading.Condition = field(compare=False)


class Accounts:
    """How many units are worked on in each account, by all environment runs that were given the same.

    Attributes:
        lock: held by whoever reads or changes what is worked on, or who waits.
        working: {account: how many units are worked on in it}.
        turns: those of the environment runs in which somebody waits.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.working: Counter[str] = Counter()
        self.turns: list[Turns] = []

    def wake(self) -> None:
        """Wake whoever is next, and nobody else: of a thousand units that wait, one has something to do."""
        for turns in self.turns:
            turns.wake()


class Turns:
    """The turns of one environment run.

    Args:
        at_once: how many units are worked on at the same time.
        limits: {engine, or "account:" and its id: how many units}, for those with a limit of their own.
        accounts: what is worked on in each account, here and beside this run.
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
    def taken(self, engine: str, urgency: float, told: Callable[[str], object], account: str = "") -> Iterator[None]:
        """Wait for a turn, and have it.

        Args:
            engine: the engine of the unit.
            urgency: seconds from here to the end of the longest chain of units that begins with this one.
            told: called with `QUEUED` when the turn does not come at once, and with `RESUMED` when it has come.
            account: the account that the unit is in; empty where it is in none.
        """
        self._take(engine, urgency, told, account)
        try:
            yield
        except Throttled:
            self.throttled()
            raise
        finally:
            self._give_back(engine, account)

    def throttled(self) -> None:
        """A cloud said that it is asked too often."""
        with self._lock:
            # The throttled turn is still to be given back, and does not count as calm.
            self.at_once, self._calm = max(1, self.at_once // 2), -1

    def _take(self, engine: str, urgency: float, told: Callable[[str], object], account: str) -> None:
        with self._lock:
            self._numbers += 1
            one = _Waiting(-urgency, self._numbers, engine, account, threading.Condition(self._lock))
            self._queue(one)
            try:
                self._wait(one, told)
                self._working[engine] += 1
                self._accounts.working[account] += 1
            finally:
                # Whoever is interrupted while it waits must not keep others waiting.
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

    def _wait(self, one: _Waiting, told: Callable[[str], object]) -> None:
        if self._next() is one:
            return
        told(QUEUED)
        while self._next() is not one:
            one.woken.wait()
        told(RESUMED)

    def wake(self) -> None:
        """Wake whoever is next here."""
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
