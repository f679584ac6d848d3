"""Waits for a cluster: until objects are ready, or until they are gone.

The objects that are waited for are logged whenever they change. Reads without a response are retried until the time
is up, because reading changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

import structlog

from tasks.cluster import evidence, rollouts
from tasks.cluster.access import Cluster
from tasks.cluster.evidence import Uids
from tasks.cluster.health import BY_STATUS, Health
from tasks.cluster.objects import Manifest, Reference
from tasks.cluster.readiness import Readiness, State
from tasks.cluster.reading import read_all
from tasks.domain.errors import Unanswered

log = structlog.get_logger("flowmart.cluster")

_SHORTEST, _LONGEST = 0.1, 2.0
"""The shortest and longest pause between reads, in seconds.

Quick changes are seen quickly, and slow ones cost few reads.
"""

_T = TypeVar("_T")


class Deadline:
    """The time limit for a piece of work; it starts now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def passed(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._end

    @property
    def left(self) -> float:
        """The seconds that are left; 0 once the time is up."""
        return max(0.0, self._end - time.monotonic())

    def poll(self, look: Callable[[], _T], done: Callable[[_T], bool], passing: type[Unanswered] = Unanswered) -> _T:
        """Call `look` until `done` accepts its result or the time is up.

        Args:
            look: reads the state; repeated if it raises `passing`.
            done: tells whether to stop.
            passing: the error that may pass.

        Returns:
            The first accepted result, or the last one before the time was up.

        Raises:
            Unanswered: the time is up, and the last look got no response.
        """
        pause = _SHORTEST
        while True:
            try:
                found = look()
                if done(found) or self.passed:
                    return found
            except passing:
                if self.passed:
                    raise
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST)


def until_ready(
    cluster: Cluster,
    references: Iterable[Reference],
    deadline: Deadline,
    health: Health = BY_STATUS,
    ended: Uids = MappingProxyType({}),
) -> list[str]:
    """Wait until all objects are ready, one fails, or the time is up.

    Args:
        cluster: the cluster, as the identity that reads.
        references: the objects.
        deadline: when the time is up.
        health: the rules of readiness.
        ended: the objects that the cluster removes once they have ended, with UIDs if they are known.

    Returns:
        The objects that are not ready, with reasons; empty if all are.
    """
    objects = tuple(references)
    report = _Report("waiting until objects are ready")

    def look() -> dict[Reference, tuple[Manifest | None, Readiness]]:
        read = read_all(cluster, objects)
        judged = {about: (live, evidence.judged(cluster, about, live, health, ended)) for about, live in read.items()}
        waiting: dict[Reference, tuple[Manifest | None, Readiness]] = {}
        waiting |= {about: found for about, found in judged.items() if not found[1].ready}
        report.of([f"{about}: {state.why}" for about, (_, state) in waiting.items()])
        return waiting

    def done(found: Mapping[Reference, tuple[Manifest | None, Readiness]]) -> bool:
        return not found or any(state.state is State.FAILED for _, state in found.values())

    waiting = deadline.poll(look, done)
    return [f"{about}: {rollouts.explained(cluster, about, live, state)}" for about, (live, state) in waiting.items()]


def until_gone(cluster: Cluster, uids: dict[Reference, str], deadline: Deadline) -> None:
    """Wait until objects that are being deleted are gone.

    Args:
        cluster: the cluster, as the identity that reads.
        uids: the objects, with their UIDs.
        deadline: when the time is up.

    Raises:
        Unanswered: some still exist when the time is up, because something holds them.
    """
    report = _Report("waiting until objects are deleted")

    def look() -> dict[Reference, Manifest]:
        read = read_all(cluster, uids)
        left: dict[Reference, Manifest] = {}
        left |= {about: live for about, live in read.items() if live and live["metadata"].get("uid") == uids[about]}
        report.of([str(about) for about in left])
        return left

    left = deadline.poll(look, lambda found: not found)
    if left:
        objects = "; ".join(f"{about} (finalizers: {_finalizers(live)})" for about, live in left.items())
        raise Unanswered(f"still being deleted after {deadline.seconds:g} s: {objects}; find out what holds them")


class _Report:
    """Logs what is waited for, whenever it changes."""

    def __init__(self, event: str) -> None:
        self._event = event
        self._last: Sequence[str] = ()

    def of(self, waiting: Sequence[str]) -> None:
        """Log it, unless it is empty or unchanged."""
        if waiting and waiting != self._last:
            log.info(self._event, objects="; ".join(waiting))
        self._last = waiting


def _finalizers(live: Manifest) -> str:
    return ", ".join(live["metadata"].get("finalizers") or ()) or "none"
