"""Edits of single fields of an object: what leads from one manifest to another, and doing it to a third. Pure.

What a tool sends can be edited on its way like this, without another word of it being touched: values that nobody can
foretell stay as they were rendered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.cluster.objects import Manifest

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Edit:
    """One field: set to a value, or with `removes` taken away."""

    location: Location
    value: Any = None
    removes: bool = False


def between(one: Any, other: Any) -> list[Edit]:
    """What makes the first manifest the second. A list that gets longer or shorter is one value."""
    return list(_between((), one, other))


def edited(manifest: Manifest, edits: list[Edit]) -> dict[str, Any]:
    """The manifest after these edits; what they lead to is made where it is missing."""
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
    """A new field, told by what is in it: somebody else may have made the mapping that it goes to."""
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
