"""Types for who sends a request, and how the API handles it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class User:
    """A user whom a token identifies. `groups` always holds system:authenticated or system:unauthenticated."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass
class Asking:
    """The circumstances of one request. Each stage adds to `warnings`, which the client receives."""

    user: User
    manager: str
    dry_run: bool = False
    field_validation: str = "Warn"
    warnings: list[str] = field(default_factory=list)


def controller(name: str = "kube-controller-manager") -> Asking:
    """Return the identity of a cluster component: an administrator whose unknown fields are ignored."""
    return Asking(User(f"system:{name}", ("system:masters", "system:authenticated")), name, field_validation="Ignore")
