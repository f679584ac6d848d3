"""What must come before what: pure functions over {name: the names that it needs}.

Units and environments are both such graphs. The functions know names only, so the manifest checks with them and
the promotion sorts with them. A need that is not itself a key is taken as met: a promotion that touches two
units out of five asks about these two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

Needs = Mapping[str, Sequence[str]]


def order(units: Needs) -> tuple[str, ...]:
    """Everything after what it needs, otherwise as declared; ValueError when `units` has a cycle."""
    waiting, found = dict(units), []
    while waiting:
        ready = next((name for name in waiting if not _unmet(waiting, name)), None)
        if ready is None:
            raise _circle(waiting)
        found.append(ready)
        del waiting[ready]
    return tuple(found)


def cycle(needs: Needs) -> tuple[str, ...] | None:
    """The first circle that following `needs` leads into, closed: ("a", "b", "a"); None when there is none."""
    left = _what_cannot_be_ordered(needs)
    if not left:
        return None
    trail = [next(iter(left))]
    while trail.count(trail[-1]) == 1:
        trail.append(_unmet(left, trail[-1])[0])
    return tuple(trail[trail.index(trail[-1]) :])


def cycles(needs: Needs) -> Iterator[tuple[str, ...]]:
    """Circles that share no member, as `cycle` gives them, until what is left can be ordered."""
    left = dict(needs)
    while found := cycle(left):
        yield found
        left = {name: left[name] for name in left if name not in found}


def affected(units: Needs, changed: AbstractSet[str]) -> tuple[str, ...]:
    """`changed` and everything downstream of it, in order. Names that are not in `units` are passed over."""
    found: list[str] = []
    for name in order(units):
        if name in changed or any(need in found for need in units[name]):
            found.append(name)
    return tuple(found)


def ways_to_the_end(units: Needs, costs: Mapping[str, float]) -> dict[str, float]:
    """{name: what it and the costliest chain of those downstream of it cost together}."""
    found = {name: costs[name] for name in units}
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
