"""Compares renderings of a chart, to tell which values can be predicted. Pure.

A chart may use `randAlphaNum`, `now`, `genCA` or `lookup`, so that each rendering differs. Rendering twice shows
where: such values are unknown until they are applied. Any other difference between the plan and the apply was not
planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tasks.cluster.comparison import common
from tasks.cluster.objects import Manifest, Reference
from tasks.domain.values import UNKNOWN
from tasks.engines.helm.answers import RENDERED, Installed

Objects = Mapping[Reference, Manifest]


@dataclass(frozen=True)
class Foretold:
    """One revision, as far as it can be predicted.

    Attributes:
        installed: the revision, with `UNKNOWN` for each value that differs between renderings.
        valued: the objects with such values.
        nameless: the types of objects whose names differ between renderings; `installed` does not contain them.
        sample: one rendering, whole. The apply installs another, of the same form.
    """

    installed: Installed
    valued: tuple[str, ...]
    nameless: tuple[str, ...]
    sample: Installed

    @property
    def is_blind(self) -> bool:
        """Tell whether helm rendered it without asking the cluster."""
        return self.sample.status == RENDERED

    @property
    def unknown(self) -> tuple[str, ...]:
        """What a plan cannot predict."""
        return (*self.valued, *(f"{kind}, named anew each time" for kind in self.nameless))


def foretold(one: Installed, other: Installed) -> Foretold:
    """Return what two renderings of the same chart with the same values have in common."""
    objects, hooks = _common(one.objects, other.objects), _common(one.hooks, other.hooks)
    masked = {about: found for about, found in {**objects, **hooks}.items() if found != one.everything[about]}
    nameless = sorted({about.type for about in one.everything if about not in other.everything})
    return Foretold(replace(one, objects=objects, hooks=hooks), tuple(map(str, masked)), tuple(nameless), one)


def unplanned(planned: Installed, found: Installed, nameless: bool) -> list[str]:
    """Return the objects that differ from the plan. A value that was unknown then may be anything now.

    Args:
        planned: the revision of the plan.
        found: the revision to compare with it.
        nameless: whether some objects have names that cannot be predicted. If so, additional objects are accepted.
    """
    wanted, there = planned.everything, found.everything
    changed = [str(about) for about, manifest in wanted.items() if not _fits(manifest, there.get(about))]
    return changed + ([] if nameless else [str(about) for about in there if about not in wanted])


def _common(one: Objects, other: Objects) -> dict[Reference, Manifest]:
    return {about: common(manifest, other[about]) for about, manifest in one.items() if about in other}


def _fits(planned: Any, found: Any) -> bool:
    if planned in (UNKNOWN, found):
        return True
    if isinstance(planned, Mapping) and isinstance(found, Mapping) and planned.keys() == found.keys():
        return all(_fits(value, found[key]) for key, value in planned.items())
    if isinstance(planned, list) and isinstance(found, list) and len(planned) == len(found):
        return all(_fits(value, item) for value, item in zip(planned, found, strict=True))
    return False
