"""Puts the objects of a unit into waves, by the unit's own rules. Pure.

An object that a rule puts after another is applied in a later wave, once the other is ready. Objects that no rule
names keep their place in the default order: none is in an earlier wave than what usually precedes it. Namespaces and
custom resource definitions come before everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from tasks.cluster.objects import Reference, ordered
from tasks.cluster.placement import DEFINITION
from tasks.cluster.selection import Selection
from tasks.domain.errors import Refused

FIRST = ("Namespace", DEFINITION)
"""The kinds that are applied before everything else."""

_LISTED = 5
"""How many objects a note names."""


@dataclass(frozen=True)
class Rule:
    """All `earlier` objects are applied and ready before any `later` one. An object that both select is `earlier`."""

    earlier: Selection
    later: Selection

    def pairs(self, objects: Sequence[Reference]) -> tuple[list[Reference], list[Reference]]:
        """Split these objects into the earlier and the later ones."""
        earlier = [about for about in objects if self.earlier.covers(about)]
        later = [about for about in objects if self.later.covers(about) and about not in earlier]
        return earlier, [about for about in later if about.kind not in FIRST]

    def leads_to(self, rule: Rule) -> bool:
        """Tell whether some of the later objects are certainly the earlier objects of another rule."""
        meets = self.later.includes(rule.earlier) or rule.earlier.includes(self.later)
        return meets and not self.earlier.includes(rule.earlier) and not self.earlier.includes(self.later)

    def __str__(self) -> str:
        return f"{self.earlier} before {self.later}"


@dataclass(frozen=True)
class Waves:
    """The wave of each object, counted from 0, and the objects that a later wave waits for."""

    of: Mapping[Reference, int] = field(default_factory=dict)
    awaited: frozenset[Reference] = frozenset()

    def each(self, objects: Iterable[Reference]) -> list[list[Reference]]:
        """Group objects by wave, each in the default order; empty waves are left out."""
        found: dict[int, list[Reference]] = {}
        for about in ordered(objects):
            found.setdefault(self.of.get(about, 0), []).append(about)
        return [found[number] for number in sorted(found)]


def circle(rules: Iterable[Rule]) -> str:
    """Describe a cycle among rules that exists whatever the objects are; empty if there is none."""
    edges = list(dict.fromkeys(rules))
    return _circle({rule: [before for before in edges if before.leads_to(rule)] for rule in edges})


def waves(rules: Sequence[Rule], objects: Iterable[Reference]) -> Waves:
    """Compute the waves of these objects.

    Raises:
        Refused: the rules form a cycle.
    """
    listed = ordered(objects)
    before: dict[Reference, set[Reference]] = {}
    for rule in rules:
        earlier, later = rule.pairs(listed)
        for about in later:
            before.setdefault(about, set()).update(earlier)
    if circle := _circle(before):
        raise Refused(f"order: the rules make a circle: {circle}")
    return Waves(_levels(listed, before), frozenset(about for found in before.values() for about in found))


def idle(rules: Sequence[Rule], objects: Sequence[Reference]) -> list[str]:
    """Return the rules that have no effect on these objects."""
    return [str(rule) for rule in rules if not all(rule.pairs(objects))]


def notes(found: Waves, objects: Iterable[Reference]) -> Iterator[str]:
    """Yield notes for the operator about the waves; none if there is only one."""
    listed = found.each(objects)
    behind: list[Reference] = []
    for number, wave in enumerate(listed[1:], start=2):
        behind += [about for about in listed[number - 2] if about in found.awaited]
        yield f"wave {number} of {len(listed)} begins once {_few(behind)} are ready: {_few(wave)}"


def _few(objects: Sequence[Reference]) -> str:
    more = len(objects) - _LISTED
    return ", ".join(map(str, objects[:_LISTED])) + (f" and {more} more" if more > 0 else "")


def _levels(listed: Sequence[Reference], before: Mapping[Reference, set[Reference]]) -> dict[Reference, int]:
    ruled = {*before, *(about for found in before.values() for about in found)}
    levels: dict[Reference, int] = {}
    for about in TopologicalSorter(before).static_order():
        levels[about] = 1 + max((levels[each] for each in before.get(about, ())), default=-1)
    reached = 0
    for about in listed:
        if about in ruled:
            reached = max(reached, levels[about])
        else:
            levels[about] = 0 if about.kind in FIRST else reached
    return levels


def _circle(before: Mapping[Reference, Iterable[Reference]] | Mapping[Rule, Iterable[Rule]]) -> str:
    """Describe a cycle, each element after the one before it; empty if there is none."""
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        return ", then ".join(map(str, error.args[1]))
    return ""
