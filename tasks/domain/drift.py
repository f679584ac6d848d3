"""What a drift report finds: objects that differ from what was applied, and suppressions without effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class DriftedObject:
    """One object that is not as it was applied. `told` is a line each: what, then what differs.

    `attributes` are the paths that differ, sorted ("spec.replicas"); none where the whole object is new or gone.
    `expected` and `found` hold their values, `MASK` for what is sensitive. `identity` says which finding it is, in
    every report. `since` is when it was first seen (ISO 8601). `new`: the last report did not tell of it. `until`
    (UTC date) and `reason` are those of its suppression; empty: it is not suppressed.
    """

    unit: str
    address: str
    kind: str
    action: str
    told: tuple[str, ...]
    attributes: tuple[str, ...] = ()
    expected: Mapping[str, Any] = field(default_factory=dict)
    found: Mapping[str, Any] = field(default_factory=dict)
    identity: str = ""
    since: str = ""
    new: bool = False
    until: str = ""
    reason: str = ""

    @property
    def suppressed(self) -> bool:
        """Whether it may stay for now."""
        return bool(self.until)


@dataclass(frozen=True)
class Idle:
    """A suppression that can be removed from drift.yaml, and why."""

    unit: str
    address: str
    reason: str
    why: str
