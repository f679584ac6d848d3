"""JSON merge patch (RFC 7386), and the order of a list that was merged from two."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

from deployments.sandbox.kubernetes.objects import clone

K = TypeVar("K", bound=Hashable)


def json_merge(original: Any, patch: Any) -> Any:
    """`original` with `patch` laid over it: null removes, lists are replaced."""
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
    """All of both: `leading` in its order; what only `following` has comes after what it came after there."""
    merged, known = list(leading), set(leading)
    for index, item in enumerate(following):
        if item in known:
            continue
        place = merged.index(following[index - 1]) + 1 if index else 0
        merged.insert(place, item)
        known.add(item)
    return merged
