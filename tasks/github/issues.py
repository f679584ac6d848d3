"""Keeps issues: one per key, opened once, kept up to date, and closed when their reason is gone.

The product's issues are recognised by a hidden marker and by their author. An issue that a person closed stays
closed until its reason has disappeared once.
"""

from __future__ import annotations

from typing import Any

from tasks.github import text
from tasks.github.client import Client

LONGEST_TITLE = 256

_GONE = "<!-- flowmart:gone -->"


def keep(client: Client, repository: str, platform: str, key: str, title: str, body: str | None) -> None:
    """Keep one open issue for `key`, or close it.

    Args:
        client: asks GitHub.
        repository: owner/name.
        platform: the platform's name, which is the issue's label.
        key: identifies the issue.
        title: its title; cut to GitHub's limit.
        body: Markdown; None closes the issue, because its reason is gone.
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
    # A marker at the end of the body records that the reason is gone, even if a person closed the issue before.
    body = f"{text.cut(there['body'], text.LONGEST - 200)}\n\n*This is gone now.*\n{_GONE}"
    ended = {"body": body, "state": "closed", "state_reason": "completed"}
    client.ask("PATCH", repository, f"/issues/{there['number']}", ended)


def _found(client: Client, repository: str, platform: str, key: str) -> dict[str, Any] | None:
    """Return the newest issue of a key, since GitHub lists the newest first; None if there is none."""
    marker = text.marker(platform, key)
    for issue in client.all(repository, "/issues", {"labels": platform, "state": "all"}):
        author = (issue.get("user") or {}).get("login")
        if author == client.login and (issue.get("body") or "").startswith(marker):
            return dict(issue)
    return None
