"""Asking a cluster about many objects side by side: each question is short, and there are hundreds of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_SIDE_BY_SIDE = 8
"""As many requests as kubectl and helm have open at a time; API servers allow any one client a few dozen."""

_T = TypeVar("_T")
_R = TypeVar("_R")


def each(function: Callable[[_T], _R], items: Iterable[_T]) -> list[_R]:
    """What the function returns for every item, in their order; the first error, once all have ended."""
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        return list(pool.map(function, items))
