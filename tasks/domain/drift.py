"""Defines the contents of a drift report: objects that differ from what was applied, and idle suppressions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class DriftedObject:
    """An object that differs from what was applied. `told` describes it in lines: the object, then its differences.

    `attributes` are the paths that differ, sorted ("spec.replicas"); empty if the whole object is new or gone.
    `expected` and `found` hold their values, with `MASK` for sensitive ones. `identity` identifies the same drift in
    every report. `since` is the time when it was first seen (ISO 8601). `new` means that the last report did not
    contain it. `until` (UTC date) and `reason` are those of its suppression; they are empty if it is not suppressed.
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
        """Tell whether a suppression covers the drift."""
        return bool(self.until)


@dataclass(frozen=True)
class Idle:
    """A suppression that can be removed from drift.yaml, and the reason."""

    unit: str
    address: str
    reason: str
    why: str
