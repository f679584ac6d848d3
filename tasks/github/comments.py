"""Comments on pull requests and issues: one that is kept up to date, replies, and reactions to those of people."""

from __future__ import annotations

from typing import Literal

from tasks.github import text
from tasks.github.client import Client

Reaction = Literal["+1", "-1", "confused", "eyes"]


def keep(client: Client, repository: str, number: int, key: str, body: str) -> None:
    """Make our one comment of a kind (`key`) say `body`: the one that is there is changed, else one is made.

    Ours is told by a hidden marker in its first line, and by its author: anybody can write a marker.
    """
    marked = text.cut(f"{text.marker(key)}\n{body}")
    there = _found(client, repository, number, key)
    if there is None:
        client.ask("POST", repository, f"/issues/{number}/comments", {"body": marked})
    else:
        client.ask("PATCH", repository, f"/issues/comments/{there}", {"body": marked})


def reply(client: Client, repository: str, number: int, body: str) -> None:
    """Say something, once."""
    client.ask("POST", repository, f"/issues/{number}/comments", {"body": text.cut(body)})


def react(client: Client, repository: str, comment: int, reaction: Reaction) -> None:
    """Show somebody that their comment was read."""
    client.ask("POST", repository, f"/issues/comments/{comment}/reactions", {"content": reaction})


def _found(client: Client, repository: str, number: int, key: str) -> int | None:
    marker = text.marker(key)
    for comment in client.all(repository, f"/issues/{number}/comments"):
        author = (comment.get("user") or {}).get("login")
        if author == client.login and (comment.get("body") or "").startswith(marker):
            return int(comment["id"])
    return None
