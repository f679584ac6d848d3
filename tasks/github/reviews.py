"""Reads reviews of pull requests: who reviewed which commit, and the reviewer's current verdict."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.github.client import Client

_VERDICTS = {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}


@dataclass(frozen=True)
class Review:
    """A review of commit `sha`. `approves`: it is an approval, and its author gave no other verdict since."""

    id: int
    author: str
    sha: str
    bot: bool
    approves: bool


def get(client: Client, repository: str, number: int, review: int) -> Review:
    """Return the current state of one review.

    Raises:
        NotFound: the pull request has no review with that id.
    """
    found = client.ask("GET", repository, f"/pulls/{number}/reviews/{review}")
    user = found.get("user") or {}
    author = str(user.get("login", ""))
    return Review(
        id=int(found["id"]),
        author=author,
        sha=str(found.get("commit_id") or ""),
        bot=user.get("type") == "Bot",
        approves=found["state"] == "APPROVED" and _last_word(client, repository, number, author) == review,
    )


def _last_word(client: Client, repository: str, number: int, author: str) -> int | None:
    """Return the id of an author's newest verdict, since GitHub lists the oldest first. A remark is not a verdict."""
    said = [
        int(found["id"])
        for found in client.all(repository, f"/pulls/{number}/reviews")
        if (found.get("user") or {}).get("login") == author and found["state"] in _VERDICTS
    ]
    return said[-1] if said else None
