"""Pull requests, as far as the product has to know them: what they are at, where from, and by whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tasks.domain.errors import Refused
from tasks.github.client import Client


@dataclass(frozen=True)
class Pull:
    """A pull request.

    `sha` is its head now, `merge` the commit that it became, `merger` who merged it; `fork`: a stranger wrote it.
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
    """One pull request; `NotFound` when the number is of an issue, or of nothing."""
    found = client.ask("GET", repository, f"/pulls/{number}")
    # GitHub has no repository for a head whose fork is gone. Names change, numbers do not.
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
    """A plan runs the code that it plans: nothing from outside is planned with our credentials, read-only or not."""
    if pull.fork:
        raise Refused(f"pull request {pull.number} comes from a fork: what is there is not planned")


def commits(client: Client, repository: str, number: int) -> Iterator[dict[str, Any]]:
    """The commits of a pull request as GitHub lists them, also of one that was squashed; the first 250 at most."""
    yield from client.all(repository, f"/pulls/{number}/commits")
