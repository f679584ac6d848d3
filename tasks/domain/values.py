"""Defines markers that replace values, walks nested values, and computes digests. Standard library only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

MASK = "(sensitive value)"
"""Replaces a sensitive value in plans, logs, artifacts and the ledger."""

CHANGED = "(sensitive value, changed)"
"""Replaces a sensitive value after a change, if it differs from the value before."""

UNKNOWN = "(known after apply)"
"""Replaces a value that a tool knows only after the apply."""


def leaves(value: Any) -> Iterator[Any]:
    """Yield every value inside `value`, at any depth of mappings, lists and tuples. Keys are not included."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def texts(value: Any) -> Iterator[str]:
    """Yield every text among the `leaves` of `value`."""
    return (leaf for leaf in leaves(value) if isinstance(leaf, str))


def digest_of(value: Any) -> str:
    """Return the SHA-256, in hex, of the canonical JSON (sorted keys, no spaces) of `value`."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
