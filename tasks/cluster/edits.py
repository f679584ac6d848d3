"""Edits of single fields: computed from two manifests, and applied to a third. Pure.

A tool's output can be edited like this without touching the rest. Values that cannot be predicted stay as they were
rendered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.cluster.objects import Manifest

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Edit:
    """One field: set to a value, or with `removes` deleted."""

    location: Location
    value: Any = None
    removes: bool = False


def between(one: Any, other: Any) -> list[Edit]:
    """Return the edits that turn the first manifest into the second. A list whose length changes is one value."""
    return list(_between((), one, other))


def edited(manifest: Manifest, edits: list[Edit]) -> dict[str, Any]:
    """Apply edits to a manifest; mappings on the way to a field are created if they are missing."""
    found: Any = manifest
    for edit in edits:
        found = _edited(found, edit.location, edit)
    return dict(found)


def _between(at: Location, one: Any, other: Any) -> Iterator[Edit]:
    if isinstance(other, Mapping) and isinstance(one, Mapping | None) and (one is not None or other):
        before = one or {}
        yield from (Edit((*at, key), removes=True) for key in before if key not in other)
        for key, value in other.items():
            yield from _between((*at, key), before.get(key), value) if key in before else _set((*at, key), value)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (item, another) in enumerate(zip(one, other, strict=True)):
            yield from _between((*at, number), item, another)
    elif one != other or type(one) is not type(other):
        yield Edit(at, other)


def _set(at: Location, value: Any) -> Iterator[Edit]:
    """Yield edits for a new field value by value, because somebody else may create its mapping first."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _set((*at, key), item)
    else:
        yield Edit(at, value)


def _edited(item: Any, location: Location, edit: Edit) -> Any:
    key, rest = location[0], location[1:]
    if isinstance(item, list):
        number = int(key)
        changed = _edited(item[number], rest, edit) if rest else edit.value
        return [*item[:number], changed, *item[number + 1 :]]
    before = dict(item or {})
    if edit.removes and not rest:
        return {name: value for name, value in before.items() if name != key}
    return {**before, str(key): _edited(before.get(str(key)), rest, edit) if rest else edit.value}
