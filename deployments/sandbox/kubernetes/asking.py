"""Who asks, and how the request is to be carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class User:
    """Somebody who is known by a token. `groups` always hold system:authenticated or system:unauthenticated."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass
class Asking:
    """One request's circumstances. `warnings` are collected on the way, for the client."""

    user: User
    manager: str
    dry_run: bool = False
    field_validation: str = "Warn"
    warnings: list[str] = field(default_factory=list)


def controller(name: str = "kube-controller-manager") -> Asking:
    """The cluster itself, as one of its components."""
    return Asking(User(f"system:{name}", ("system:masters", "system:authenticated")), name, field_validation="Ignore")
