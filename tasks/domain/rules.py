"""What policies say about plans, and the exceptions that a release declares."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """What a policy has to say about a plan. `address` is empty when it is about the plan as a whole."""

    policy: str
    message: str
    address: str = ""
    denied: bool = True


@dataclass(frozen=True)
class Override:
    """An exception in the release: until `expires` (UTC date) `policy` may not deny `address` in `environment`."""

    policy: str
    environment: str
    unit: str
    address: str
    reason: str
    expires: str


@dataclass(frozen=True)
class Suppression:
    """Drift that nobody needs to be told of until `expires` (UTC date). `*` in `address` stands for any text.

    `attributes` are paths with everything below them; none: whatever is found about the object.
    """

    environment: str
    unit: str
    address: str
    reason: str
    expires: str
    attributes: tuple[str, ...] = ()
