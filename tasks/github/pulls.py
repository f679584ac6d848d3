"""Reads pull requests: their commits, their origin and the people involved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tasks.domain.errors import Refused
from tasks.github.client import Client


@dataclass(frozen=True)
class Pull:
    """A pull request.

    `sha` is its current head, `merge` its merge commit, `merger` who merged it. `fork`: it comes from another
    repository.
    `commits` is how many it has.
    """

    number: int
    sha: str
    author: str
    fork: bool
    merged: bool
    merge: str
    merger: str = ""
    commits: int = 0


def get(client: Client, repository: str, number: int) -> Pull:
    """Return one pull request.

    Raises:
        NotFound: the number belongs to an issue, or does not exist.
    """
    found = client.ask("GET", repository, f"/pulls/{number}")
    # GitHub returns no repository for a head whose fork was deleted. Names change, numbers do not.
    home, base = found["head"].get("repo") or {}, found["base"].get("repo") or {}
    return Pull(
        number=number,
        sha=found["head"]["sha"],
        author=(found.get("user") or {}).get("login", ""),
        fork=home.get("id") is None or home.get("id") != base.get("id"),
        merged=bool(found.get("merged")),
        merge=(found.get("merge_commit_sha") or "") if found.get("merged") else "",
        merger=(found.get("merged_by") or {}).get("login", ""),
        commits=int(found.get("commits") or 0),
    )


def refuse_fork(pull: Pull) -> None:
    """Reject a pull request from a fork.

    A plan runs the code that it plans. So code from outside never runs with the platform's credentials, not even
    read-only ones.
    """
    if pull.fork:
        raise Refused(f"pull request {pull.number} comes from a fork: what is there is not planned")


def commits(client: Client, repository: str, number: int) -> Iterator[dict[str, Any]]:
    """Yield the commits of a pull request as GitHub lists them, even if it was squashed; at most the first 250."""
    yield from client.all(repository, f"/pulls/{number}/commits")
