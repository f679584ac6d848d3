"""Issues that the product keeps: one per key, opened once, kept up to date, closed when their reason is gone.

Our issues are recognised by a hidden marker and by their author. One that a person closed stays closed, until its
reason has been gone once.
"""

from __future__ import annotations

from typing import Any

from tasks.github import text
from tasks.github.client import Client

LONGEST_TITLE = 256

_GONE = "<!-- flowmart:gone -->"


def keep(client: Client, repository: str, platform: str, key: str, title: str, body: str | None) -> None:
    """Have one open issue for `key` that says `body` (Markdown); None: its reason is gone, so it is closed.

    The platform's name is its label.
    """
    there = _found(client, repository, platform, key)
    if body is None:
        _close(client, repository, there)
        return
    said = {"title": text.line(title, LONGEST_TITLE), "body": text.cut(f"{text.marker(platform, key)}\n{body}")}
    if there is None or there["body"].rstrip().endswith(_GONE):
        client.ask("POST", repository, "/issues", {**said, "labels": [platform]})
    elif any(there[name] != value for name, value in said.items()):
        client.ask("PATCH", repository, f"/issues/{there['number']}", said)


def _close(client: Client, repository: str, there: dict[str, Any] | None) -> None:
    if there is None or there["body"].rstrip().endswith(_GONE):
        return
    # The marker of an issue whose reason is gone goes to its end, so that it is known even when it was closed before.
    told = f"{text.cut(there['body'], text.LONGEST - 200)}\n\n*This is gone now.*\n{_GONE}"
    ended = {"body": told, "state": "closed", "state_reason": "completed"}
    client.ask("PATCH", repository, f"/issues/{there['number']}", ended)


def _found(client: Client, repository: str, platform: str, key: str) -> dict[str, Any] | None:
    """The newest issue of a key: GitHub lists the newest first."""
    marker = text.marker(platform, key)
    for issue in client.all(repository, "/issues", {"labels": platform, "state": "all"}):
        author = (issue.get("user") or {}).get("login")
        if author == client.login and (issue.get("body") or "").startswith(marker):
            return dict(issue)
    return None
