"""Sends many requests to a cluster in parallel: each is short, and there are hundreds of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_SIDE_BY_SIDE = 8
"""How many requests run at a time, as in kubectl and helm. API servers allow any one client a few dozen."""

_T = TypeVar("_T")
_R = TypeVar("_R")


def each(function: Callable[[_T], _R], items: Iterable[_T]) -> list[_R]:
    """Call the function for every item in parallel.

    Returns:
        The results, in the order of the items. If calls fail, the first error is raised once all have ended.
    """
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        return list(pool.map(function, items))
