"""Sorts a dependency graph and finds its cycles: pure functions over {name: the names that it needs}.

Units and environments both form such graphs. The functions only use names, so the manifest validates with them and
promotions sort with them. A need that is not a key of the graph counts as met: a promotion of two units out of five
only sorts these two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

Needs = Mapping[str, Sequence[str]]


def order(units: Needs) -> tuple[str, ...]:
    """Return the names in dependency order, and otherwise in the declared order.

    Args:
        units: {name: the names that it needs}.

    Raises:
        ValueError: `units` has a cycle.
    """
    waiting, found = dict(units), []
    while waiting:
        ready = next((name for name in waiting if not _unmet(waiting, name)), None)
        if ready is None:
            raise _circle(waiting)
        found.append(ready)
        del waiting[ready]
    return tuple(found)


def cycle(needs: Needs) -> tuple[str, ...] | None:
    """Return the first cycle that following `needs` leads to, or None if there is no cycle.

    The cycle is closed: ("a", "b", "a").
    """
    left = _what_cannot_be_ordered(needs)
    if not left:
        return None
    trail = [next(iter(left))]
    while trail.count(trail[-1]) == 1:
        trail.append(_unmet(left, trail[-1])[0])
    return tuple(trail[trail.index(trail[-1]) :])


def cycles(needs: Needs) -> Iterator[tuple[str, ...]]:
    """Yield cycles in the form of `cycle` that share no member, until the rest of the graph has no cycle."""
    left = dict(needs)
    while found := cycle(left):
        yield found
        left = {name: left[name] for name in left if name not in found}


def affected(units: Needs, changed: AbstractSet[str]) -> tuple[str, ...]:
    """Return the names in `changed` and everything downstream of them, in dependency order.

    Names in `changed` that are not in `units` are ignored.
    """
    found: list[str] = []
    for name in order(units):
        if name in changed or any(need in found for need in units[name]):
            found.append(name)
    return tuple(found)


def ways_to_the_end(
    units: Needs, costs: Mapping[str, float], endings: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Return {name: the cost of the most expensive chain that starts with it and continues downstream}.

    Args:
        units: the graph.
        costs: the cost of each member.
        endings: further costs of members, for which nothing downstream waits.
    """
    later = endings or {}
    found = {name: costs[name] + later.get(name, 0.0) for name in units}
    for name in reversed(order(units)):
        for need in units[name]:
            if need in found:
                found[need] = max(found[need], costs[need] + found[name])
    return found


def _what_cannot_be_ordered(needs: Needs) -> dict[str, Sequence[str]]:
    left = dict(needs)
    while ready := [name for name in left if not _unmet(left, name)]:
        left = {name: left[name] for name in left if name not in ready}
    return left


def _circle(waiting: Needs) -> ValueError:
    return ValueError(f"the units need each other in a circle: {' -> '.join(cycle(waiting) or ())}")


def _unmet(waiting: Needs, name: str) -> tuple[str, ...]:
    return tuple(need for need in waiting[name] if need in waiting)
