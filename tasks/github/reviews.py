"""Reviews of pull requests: who looked at which commit, and what they think of it now."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.github.client import Client

_VERDICTS = {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}


@dataclass(frozen=True)
class Review:
    """`sha` is the commit that was looked at. `approves`: it says so, and its author has not said otherwise since."""

    id: int
    author: str
    sha: str
    bot: bool
    approves: bool


def get(client: Client, repository: str, number: int, review: int) -> Review:
    """One review of a pull request as it is now; `NotFound` when the pull request has none of that id."""
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
    """The newest review of somebody that is a verdict: GitHub lists the oldest first. A remark is none."""
    said = [
        int(found["id"])
        for found in client.all(repository, f"/pulls/{number}/reviews")
        if (found.get("user") or {}).get("login") == author and found["state"] in _VERDICTS
    ]
    return said[-1] if said else None
