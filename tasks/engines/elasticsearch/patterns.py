"""Index patterns: which names they match, and whether two of them can match the same name. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether a pattern matches the name; `*` is the only wildcard."""
    return any(fnmatchcase(name, pattern.replace("[", "[[]").replace("?", "[?]")) for pattern in patterns)


def overlap(some: Iterable[str], others: Iterable[str]) -> bool:
    """Tell whether some name can match a pattern of both."""
    theirs = tuple(others)
    return any(_overlap(one, other) for one in some for other in theirs)


@cache
def _overlap(one: str, other: str) -> bool:
    if not one or not other:
        # The rest of the longer one may consist of wildcards only.
        return not (one + other).strip("*")
    if one[0] == "*":
        return _overlap(one[1:], other) or _overlap(one, other[1:])
    if other[0] == "*":
        return _overlap(other, one)
    return one[0] == other[0] and _overlap(one[1:], other[1:])
