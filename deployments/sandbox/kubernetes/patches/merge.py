"""JSON merge patch (RFC 7386), and the order of merged lists."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

from deployments.sandbox.kubernetes.objects import clone

K = TypeVar("K", bound=Hashable)


def json_merge(original: Any, patch: Any) -> Any:
    """Return `original` with `patch` merged into it. Null removes a field; a list replaces a list."""
    if not isinstance(patch, dict):
        return clone(patch)
    merged = dict(original) if isinstance(original, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = json_merge(merged.get(name), value)
    return merged


def interleaved(leading: Sequence[K], following: Sequence[K]) -> list[K]:
    """Merge two sequences without duplicates.

    `leading` keeps its order. Each item that only `following` has comes right after its predecessor there.
    """
    merged, known = list(leading), set(leading)
    for index, item in enumerate(following):
        if item in known:
            continue
        place = merged.index(following[index - 1]) + 1 if index else 0
        merged.insert(place, item)
        known.add(item)
    return merged
