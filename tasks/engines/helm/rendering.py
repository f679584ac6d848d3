"""What a chart renders to, and whether that can be foretold. Pure.

A chart may use `randAlphaNum`, `now`, `genCA` or `lookup`, so that it renders to something else each time. Rendering
twice shows where: such values are unknown until they are applied, and whatever else differs from what was planned
when it comes to applying was not planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tasks.cluster.objects import Manifest, Reference
from tasks.domain.values import UNKNOWN
from tasks.engines.helm.answers import Installed

Objects = Mapping[Reference, Manifest]


@dataclass(frozen=True)
class Foretold:
    """One revision as far as it can be foretold.

    Attributes:
        installed: the revision, with `UNKNOWN` for each value that differs from one rendering to the next.
        valued: the objects with such values.
        nameless: the types of objects whose very names differ; they are in no rendering here.
    """

    installed: Installed
    valued: tuple[str, ...]
    nameless: tuple[str, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """What a plan cannot tell."""
        return (*self.valued, *(f"{kind}, named anew each time" for kind in self.nameless))


def foretold(one: Installed, other: Installed) -> Foretold:
    """What two renderings of the same chart with the same values have in common."""
    objects, hooks = _common(one.objects, other.objects), _common(one.hooks, other.hooks)
    masked = {about: found for about, found in {**objects, **hooks}.items() if found != one.everything[about]}
    nameless = sorted({about.type for about in one.everything if about not in other.everything})
    return Foretold(replace(one, objects=objects, hooks=hooks), tuple(map(str, masked)), tuple(nameless))


def unplanned(planned: Installed, found: Installed, nameless: bool) -> list[str]:
    """The objects that are others than planned. What was unknown then may be anything now.

    Args:
        nameless: whether some objects have names that nobody can foretell; then more than planned are fine.
    """
    wanted, there = planned.everything, found.everything
    changed = [str(about) for about, manifest in wanted.items() if not _fits(manifest, there.get(about))]
    return changed + ([] if nameless else [str(about) for about in there if about not in wanted])


def _common(one: Objects, other: Objects) -> dict[Reference, Manifest]:
    return {about: _masked(manifest, other[about]) for about, manifest in one.items() if about in other}


def _masked(one: Any, other: Any) -> Any:
    """`one`, with `UNKNOWN` wherever `other` has something else."""
    if one == other:
        return one
    if isinstance(one, Mapping) and isinstance(other, Mapping) and one.keys() == other.keys():
        return {key: _masked(value, other[key]) for key, value in one.items()}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [_masked(item, another) for item, another in zip(one, other, strict=True)]
    return UNKNOWN


def _fits(planned: Any, found: Any) -> bool:
    if planned in (UNKNOWN, found):
        return True
    if isinstance(planned, Mapping) and isinstance(found, Mapping) and planned.keys() == found.keys():
        return all(_fits(value, found[key]) for key, value in planned.items())
    if isinstance(planned, list) and isinstance(found, list) and len(planned) == len(found):
        return all(_fits(value, item) for value, item in zip(planned, found, strict=True))
    return False
