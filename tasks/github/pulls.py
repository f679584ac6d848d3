"""Pull requests, as far as the product has to know them: what they are at, where from, and by whom."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.domain.errors import Refused
from tasks.github.client import Client


@dataclass(frozen=True)
class Pull:
    """A pull request. `sha` is its head now, `merge` the commit that it became; `fork`: its code is from outside."""

    number: int
    sha: str
    author: str
    fork: bool
    merged: bool
    merge: str


def get(client: Client, repository: str, number: int) -> Pull:
    """One pull request; `NotFound` when the number is of an issue, or of nothing."""
    found = client.ask("GET", repository, f"/pulls/{number}")
    # GitHub has no repository for a head whose fork is gone.
    home = (found["head"].get("repo") or {}).get("full_name", "")
    return Pull(
        number=number,
        sha=found["head"]["sha"],
        author=(found.get("user") or {}).get("login", ""),
        fork=home.lower() != repository.lower(),
        merged=bool(found.get("merged")),
        merge=(found.get("merge_commit_sha") or "") if found.get("merged") else "",
    )


def refuse_fork(pull: Pull) -> None:
    """A plan runs the code that it plans: nothing from outside is planned with our credentials, read-only or not."""
    if pull.fork:
        raise Refused(f"pull request {pull.number} comes from a fork: what is there is not planned")


def authors(client: Client, repository: str, pull: Pull) -> frozenset[str]:
    """The logins of everybody who had a hand in a pull request's commits, in lower case."""
    found = {pull.author.lower()}
    for commit in client.all(repository, f"/pulls/{pull.number}/commits"):
        found |= {(commit.get(role) or {}).get("login", "").lower() for role in ("author", "committer")}
    return frozenset(found - {""})


def default_branch(client: Client, repository: str) -> str:
    """The name of the branch from which releases are promoted."""
    return str(client.ask("GET", repository, "")["default_branch"])
