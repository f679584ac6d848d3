"""Comments on pull requests and issues: one that is kept up to date, replies, and reactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tasks.github import text
from tasks.github.client import Client

Reaction = Literal["+1", "-1", "confused", "eyes"]


@dataclass(frozen=True)
class Comment:
    """A comment on pull request or issue `number`; `edited` tells whether it changed after it was posted."""

    id: int
    number: int
    author: str
    body: str
    bot: bool
    edited: bool


def get(client: Client, repository: str, comment: int) -> Comment:
    """Return the current state of a comment.

    Raises:
        NotFound: there is no such comment, or it was deleted.
    """
    found = client.ask("GET", repository, f"/issues/comments/{comment}")
    user = found.get("user") or {}
    return Comment(
        id=int(found["id"]),
        number=int(found["issue_url"].rpartition("/")[2]),
        author=str(user.get("login", "")),
        body=str(found.get("body") or ""),
        bot=user.get("type") == "Bot",
        edited=found["updated_at"] != found["created_at"],
    )


def keep(client: Client, repository: str, number: int, marker: str, body: str) -> None:
    """Update the product's one comment with a marker to `body`; create it if it does not exist.

    The comment is recognised by the hidden marker in its first line and by its author, since anybody can write a
    marker.

    Args:
        client: asks GitHub.
        repository: owner/name.
        number: the pull request or issue.
        marker: identifies the comment.
        body: Markdown; cut to GitHub's limit.
    """
    marked = text.cut(f"{marker}\n{body}")
    there = find(client, repository, number, marker)
    if there is None:
        client.ask("POST", repository, f"/issues/{number}/comments", {"body": marked})
    else:
        client.ask("PATCH", repository, f"/issues/comments/{there}", {"body": marked})


def reply(client: Client, repository: str, number: int, marker: str, body: str) -> None:
    """Post a reply. The marker names the comment that it answers."""
    client.ask("POST", repository, f"/issues/{number}/comments", {"body": text.cut(f"{marker}\n{body}")})


def react(client: Client, repository: str, comment: int, reaction: Reaction) -> None:
    """Add a reaction to a comment, to show its author that it was read."""
    client.ask("POST", repository, f"/issues/comments/{comment}/reactions", {"content": reaction})


def find(client: Client, repository: str, number: int, marker: str) -> int | None:
    """Return the id of the product's first comment with a marker; None if there is none."""
    for comment in client.all(repository, f"/issues/{number}/comments"):
        author = (comment.get("user") or {}).get("login")
        if author == client.login and (comment.get("body") or "").startswith(marker):
            return int(comment["id"])
    return None
