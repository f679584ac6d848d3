"""An object as a set of paths, which is how server-side apply sees it.

This follows sigs.k8s.io/structured-merge-diff: a path ends where a value can only be owned as a whole. Its elements
are written as in managed fields: `f:<field>`, `k:<keys of a list item>`, `v:<value in a set>`, `i:<place in a list>`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from typing import Any

from deployments.sandbox.kubernetes.objects import canonical, clone
from deployments.sandbox.kubernetes.patches.merge import interleaved
from deployments.sandbox.kubernetes.schema.types import ANYTHING, Type

Path = tuple[str, ...]

THERE = object()
"""The value at the path of a list item or of a map's key: it exists, whatever it contains."""


def leaves(value: Any, kind: Type) -> dict[Path, Any]:
    """Return every path of `value` that can be owned, with the value there."""
    return dict(_walk(value, kind, ()))


def _walk(value: Any, kind: Type, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and not kind.atomic:
        yield from _walk_fields(value, kind, path)
    elif isinstance(value, list) and not kind.atomic and kind.name == "array":
        yield from _walk_items(value, kind, path)
    else:
        yield path, value


def _walk_fields(value: dict[str, Any], kind: Type, path: Path) -> Iterator[tuple[Path, Any]]:
    for name, item in value.items():
        below, field = (*path, f"f:{name}"), kind.field(name) or ANYTHING
        if item is None or item == {}:
            yield below, item
            continue
        if name not in kind.fields and isinstance(item, dict | list):
            yield below, THERE
        yield from _walk(item, field, below)


def _walk_items(value: list[Any], kind: Type, path: Path) -> Iterator[tuple[Path, Any]]:
    for item in value:
        below = (*path, element(item, kind))
        yield below, THERE
        if kind.list_type == "map":
            yield from _walk(item, kind.items, below)


def element(item: Any, kind: Type) -> str:
    """Return the path element of a list's item."""
    return f"k:{kind.key_of(item)}" if kind.list_type == "map" else f"v:{canonical(item)}"


def merged(live: Any, applied: Any, kind: Type) -> Any:
    """Return `live` with all fields of `applied`. Fields that only `live` has stay."""
    if isinstance(applied, dict) and isinstance(live, dict) and not kind.atomic:
        fields = {n: merged(live.get(n), value, kind.field(n) or ANYTHING) for n, value in applied.items()}
        return live | fields
    if isinstance(applied, list) and isinstance(live, list) and not kind.atomic and kind.name == "array":
        return _merged_items(live, applied, kind)
    return clone(applied)


def _merged_items(live: list[Any], applied: list[Any], kind: Type) -> list[Any]:
    old = {element(item, kind): item for item in live}
    new = {element(item, kind): item for item in applied}
    together = {
        k: merged(old[k], new[k], kind.items) if k in old and k in new else old.get(k, new.get(k))
        for k in {**old, **new}
    }
    return [clone(together[name]) for name in interleaved(list(new), list(old))]


def without(value: Any, kind: Type, removed: Collection[Path]) -> Any:
    """Return `value` without the values at and below the paths in `removed`."""
    return _pruned(value, kind, (), lambda path: path in removed)


def _pruned(value: Any, kind: Type, path: Path, gone: Callable[[Path], bool]) -> Any:
    if isinstance(value, dict) and not kind.atomic:
        return {
            name: _pruned(item, kind.field(name) or ANYTHING, (*path, f"f:{name}"), gone)
            for name, item in value.items()
            if not gone((*path, f"f:{name}"))
        }
    if isinstance(value, list) and not kind.atomic and kind.name == "array":
        kept = [(element(item, kind), item) for item in value]
        return [_pruned(item, kind.items, (*path, e), gone) for e, item in kept if not gone((*path, e))]
    return value


def described(path: Path) -> str:
    """Format a path for people: .spec.containers[name="web"].image."""
    return "".join(_described(part) for part in path)


def _described(part: str) -> str:
    if part.startswith("f:"):
        return f".{part[2:]}"
    if part.startswith("v:"):
        return f"[={part[2:]}]"
    if part.startswith("i:"):
        return f"[{part[2:]}]"
    keys = json.loads(part[2:])
    return "[" + ",".join(f"{name}={json.dumps(value)}" for name, value in keys.items()) + "]"
