"""Markers that stand in for values, what is in a nested value, and the digest over any. Standard library only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

MASK = "(sensitive value)"
"""What stands in plans, logs, artifacts and the ledger where a tool says that a value is sensitive."""

CHANGED = "(sensitive value, changed)"
"""What stands after a change where a tool says that a value is sensitive, and it is another one than before."""

UNKNOWN = "(known after apply)"
"""What stands where a tool cannot know the value before it has applied."""


def leaves(value: Any) -> Iterator[Any]:
    """Every value inside `value`, at any depth of mappings, lists and tuples; keys are not among them."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def texts(value: Any) -> Iterator[str]:
    """Every text inside `value`, as `leaves` finds it."""
    return (leaf for leaf in leaves(value) if isinstance(leaf, str))


def digest_of(value: Any) -> str:
    """SHA-256, in hex, over the canonical JSON (sorted keys, no spaces) of `value`."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
