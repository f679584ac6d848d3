"""Decides who may give commands to the product: everybody who currently has write access to the repository."""

from __future__ import annotations

from tasks.domain.errors import NotFound
from tasks.github.client import Client, segment


def may_write(client: Client, repository: str, login: str) -> bool:
    """Tell whether a user has write access. GitHub reports "maintain" as write, "triage" as read."""
    try:
        found = client.ask("GET", repository, f"/collaborators/{segment(login)}/permission")
    except NotFound:
        return False
    return found["permission"] in ("admin", "write")
