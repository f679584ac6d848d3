"""Defines violations of policies by plans, and the exceptions that a release declares."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """A denial or warning of a policy about a plan. `address` is empty if it concerns the whole plan."""

    policy: str
    message: str
    address: str = ""
    denied: bool = True


@dataclass(frozen=True)
class Override:
    """An exception in a release: `policy` may not deny `address` in `environment` until `expires` (UTC date)."""

    policy: str
    environment: str
    unit: str
    address: str
    reason: str
    expires: str


@dataclass(frozen=True)
class Suppression:
    """Drift that is not reported until `expires` (UTC date). `*` in `address` matches any text.

    `attributes` are paths, each including everything below it. If there are none, the suppression covers any drift of
    the object.
    """

    environment: str
    unit: str
    address: str
    reason: str
    expires: str
    attributes: tuple[str, ...] = ()
