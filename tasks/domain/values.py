"""Markers that stand in for values, and the digest over any value. Standard library only."""

from __future__ import annotations

import hashlib
import json
from typing import Any

MASK = "(sensitive value)"
"""What stands in plans, logs, artifacts and the ledger where a tool says that a value is sensitive."""

CHANGED = "(sensitive value, changed)"
"""What stands after a change where a tool says that a value is sensitive, and it is another one than before."""

UNKNOWN = "(known after apply)"
"""What stands where a tool cannot know the value before it has applied."""


def digest_of(value: Any) -> str:
    """SHA-256, in hex, over the canonical JSON (sorted keys, no spaces) of `value`."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
