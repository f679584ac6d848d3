"""Who may tell the product to do something: whoever may write to the repository, as GitHub says it now."""

from __future__ import annotations

from tasks.domain.errors import NotFound
from tasks.github.client import Client, segment


def may_write(client: Client, repository: str, login: str) -> bool:
    """Whether somebody has write access. GitHub reports "maintain" as write, "triage" as read."""
    try:
        found = client.ask("GET", repository, f"/collaborators/{segment(login)}/permission")
    except NotFound:
        return False
    return found["permission"] in ("admin", "write")
