"""The append-only, hash-chained record of what happened in each environment.

Every environment has its own chain: numbered objects, each with the digest of the one before it, each created only if
its number is free. So two writers can never both succeed with the same number, on a folder or on S3.

Each entry is checked when it is read: it must match its name, follow the entry before it, and belong to the
environment and the platform. A reader starts at the newest snapshot (see `snapshots`), so it checks only later
entries; `audit` checks all. A chain cannot show that its newest entries were cut off. To detect that, keep the store
versioned, or note the head that `flowmart audit` prints elsewhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from tasks.clock import SystemClock
from tasks.domain.errors import AlreadyExists, InvalidInput
from tasks.domain.events import ClaimClosed, Event
from tasks.domain.release import Release
from tasks.ledger import announcement, entries, reading, snapshots
from tasks.ledger.entries import Entry
from tasks.ledger.folding import fold
from tasks.ledger.state import EnvironmentState
from tasks.ledger.store import Store

Decide = Callable[[EnvironmentState], Event]
"""Returns the next event for the state of an environment; raises if none may be written."""

Fence = Callable[[EnvironmentState, Event], None]
"""Raises if the writer may not write this event after this state."""


_CLOCK = SystemClock()


@dataclass(frozen=True)
class Known:
    """What was read of the chains of one store so far, shared by all readers and writers of this process.

    Attributes:
        states: {environment: the newest state that was read}.
        snapshots: {environment: the number of its newest snapshot}.
        releases: {id: the release} of releases that were read and checked; they are immutable.
    """

    states: dict[str, EnvironmentState] = field(default_factory=dict)
    snapshots: dict[str, int] = field(default_factory=dict)
    releases: dict[str, Release] = field(default_factory=dict)


class Ledger:
    """The chains of a platform's environments. States are cached, so a later read only folds newer entries.

    Args:
        store: the store of the chains.
        actor: who writes entries.
        run: the run in the run history that entries belong to; "" if there is none.
        platform: the platform's name; "" accepts the platform that the chain names.
        now: returns the current time, for new entries.
        known: what others have read of these chains, so that it need not be read again.
    """

    def __init__(
        self,
        store: Store,
        actor: str,
        run: str = "",
        platform: str = "",
        now: Callable[[], datetime] = _CLOCK.now,
        known: Known | None = None,
    ) -> None:
        self._store = store
        self._now = now
        self._actor = actor
        self._platform = platform
        self.run = run
        self.known = known or Known()
        self._fences: dict[str, Fence] = {}
        self._lock = threading.Lock()

    def state(self, environment: str) -> EnvironmentState:
        """Return the current state of an environment, including entries of other writers.

        Raises:
            BrokenChain: the chain is damaged; the message names the object, the damage and the remedy.
            UnreadableRecord: another version of the product wrote an entry.
        """
        with self._lock:
            return self._catch_up(environment)

    def entries(self, environment: str) -> tuple[Entry, ...]:
        """Return the whole chain of an environment, oldest first, without the cache; raises what `state` does."""
        return tuple(reading.listed(self._store, _beginning(environment), self._platform))

    def newest(self, environment: str, count: int) -> tuple[Entry, ...]:
        """Return the `count` newest entries of an environment, oldest first; raises what `state` does."""
        last = self.state(environment).number
        numbers = range(max(1, last - count + 1), last + 1)
        return tuple(reading.numbered(self._store, environment, numbers, self._platform))

    def entry(self, environment: str, number: int) -> Entry:
        """Return one entry; raises `NotFound` if there is none with that number."""
        name = entries.name_of(environment, number)
        return entries.decode(name, self._store.read(name))

    def append(self, environment: str, event: Event | Decide) -> Entry:
        """Write the next entry.

        Args:
            environment: the environment of the chain.
            event: the event, or a function that decides it from the newest state. The function is called again if
                another writer was faster.

        Returns:
            The written entry.

        Raises:
            FlowmartError: an error of the function, of the fence or of `state`.
        """
        with self._lock:
            while True:
                state = self._catch_up(environment)
                decided = event(state) if callable(event) else event
                if fence := self._fences.get(environment):
                    fence(state, decided)
                entry = self._next(state, decided)
                try:
                    self._store.create(entries.name_of(environment, entry.number), entries.encode(entry))
                except AlreadyExists:
                    continue
                now = fold(state, entry)
                self._keep(now, decided)
                announcement.announce(entry, state, now)
                return entry

    def fence(self, environment: str, fence: Fence) -> None:
        """Call `fence` before every entry that this ledger writes to an environment from now on."""
        with self._lock:
            self._fences[environment] = fence

    def environments(self) -> tuple[str, ...]:
        """Return the environments that have a chain."""
        return self._store.folders(entries.FOLDER)

    def _catch_up(self, environment: str) -> EnvironmentState:
        known = self.known.states.get(environment)
        if known is None:
            known = self._newest_snapshot(environment)
            found = reading.listed(self._store, known, self._platform)
        else:
            found = reading.following(self._store, known, self._platform)
        for entry in found:
            known = fold(known, entry)
        self.known.states[environment] = known
        return known

    def _newest_snapshot(self, environment: str) -> EnvironmentState:
        found = snapshots.newest(self._store, _beginning(environment), self._platform)
        self.known.snapshots[environment] = found.number
        return found

    def _next(self, state: EnvironmentState, event: Event) -> Entry:
        return entries.sealed(
            Entry(
                environment=state.environment,
                number=state.number + 1,
                at=self._now().isoformat(timespec="milliseconds"),
                actor=self._actor,
                run=self.run,
                platform=self._platform or state.platform,
                event=event,
                previous=state.head,
                digest="",
            )
        )

    def _keep(self, state: EnvironmentState, event: Event) -> None:
        """Cache the state, and write a snapshot for other readers: when a run ends, and after many entries."""
        self.known.states[state.environment] = state
        enough = snapshots.AFTER_A_RUN if isinstance(event, ClaimClosed) else snapshots.EVERY
        if state.number - self.known.snapshots[state.environment] >= enough:
            snapshots.write(self._store, state)
            self.known.snapshots[state.environment] = state.number


def _beginning(environment: str) -> EnvironmentState:
    if not environment:
        raise InvalidInput("environment: none was chosen; name one that platform.yaml declares")
    return EnvironmentState(environment)
