"""Sorts environments as a graph, and decides when a release may begin in one. Pure.

    dev ── staging ─┬─ production-eu ─┬─ archive
                    ├─ production-us ─┤
                    └─ production-ap ─┘

An environment may come after several others (fan-in), and several may come after one (fan-out). Environments of one
wave do not wait for each other. The functions take `after`: {environment: the environments that it comes after}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tasks.domain.platform import Environment

After = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Verified:
    """The release that is verified in an environment, and the start of its uninterrupted verification."""

    release: str
    at: datetime


@dataclass(frozen=True)
class Eligibility:
    """Whether a release may begin in an environment.

    Attributes:
        environment: where it would begin.
        waits_for: environments that come before it and in which the release is not verified.
        soaks_until: the end of the soak time; None if it is over or has not begun.
    """

    environment: str
    waits_for: tuple[str, ...] = ()
    soaks_until: datetime | None = None

    def __str__(self) -> str:
        if self.waits_for:
            return f"waits for {', '.join(self.waits_for)}"
        return f"soaks until {self.soaks_until:%Y-%m-%d %H:%M:%S %Z}" if self.soaks_until else "may begin"


def waves(after: After) -> tuple[tuple[str, ...], ...]:
    """Return the environments in waves: each is in the wave after the last of its predecessors.

    Args:
        after: {environment: the environments that it comes after}.

    Raises:
        ValueError: the environments form a cycle.
    """
    left, found = dict(after), []
    while left:
        wave = tuple(name for name in left if not any(before in left for before in left[name]))
        if not wave:
            raise ValueError(f"the environments come after each other in a cycle: {', '.join(left)}")
        found.append(wave)
        left = {name: left[name] for name in left if name not in wave}
    return tuple(found)


def order(after: After) -> tuple[str, ...]:
    """Return the environments wave by wave, so that each follows those that it comes after."""
    return tuple(name for wave in waves(after) for name in wave)


def ancestors(after: After, environment: str) -> tuple[str, ...]:
    """Return all environments that a release passes before it may begin in `environment`, in order."""
    found: set[str] = set()
    ahead = list(after[environment])
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead.extend(after.get(name, ()))
    return tuple(name for name in order(after) if name in found)


def path(after: After, to: str | None = None) -> tuple[str, ...]:
    """Return the environments that a promotion up to `to` passes, in order: its ancestors and `to`.

    Without `to`, return all environments.
    """
    return order(after) if to is None else (*ancestors(after, to), to)


def eligibility(
    environment: Environment, release: str, verified: Mapping[str, Verified], now: datetime
) -> Eligibility:
    """Decide whether a release may begin in an environment.

    Args:
        environment: where it would begin.
        release: the id of the release.
        verified: what is verified now, by environment; environments without a verified release are left out.
        now: the current time, with a time zone.
    """
    there = {name: held.at for name, held in verified.items() if held.release == release}
    missing = tuple(name for name in environment.after if name not in there)
    if missing:
        return Eligibility(environment.name, waits_for=missing)
    if not environment.soak or not environment.after:
        return Eligibility(environment.name)
    until = max(there[name] for name in environment.after) + timedelta(seconds=environment.soak)
    return Eligibility(environment.name, soaks_until=until if now < until else None)


def candidate(environment: Environment, verified: Mapping[str, Verified]) -> str | None:
    """Return the release that may come to an environment next: the one that is verified in all its predecessors.

    Return None if they have different releases, if one has none, or if the environment has no predecessor.
    """
    before = {verified[name].release if name in verified else None for name in environment.after}
    return before.pop() if len(before) == 1 else None
