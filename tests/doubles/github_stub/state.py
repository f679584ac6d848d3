"""What the stub remembers, as GitHub would, and the limits that GitHub documents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

NOW = "2026-01-01T00:00:00Z"
LATER = "2026-01-01T00:10:00Z"

LONGEST_COMMENT = 65_536
LONGEST_DESCRIPTION = 140
MOST_STATUSES = 1_000
MOST_ANNOTATIONS = 50
MOST_COMMITS = 250
"""Of a pull request, however many pages are asked for."""


class Invalid(Exception):
    """GitHub answers 422: the request is well formed, but not acceptable."""


class Missing(Exception):
    """GitHub answers 404."""


@dataclass
class State:
    """One repository. `permissions` is {login: permission}; who is not in it is no collaborator.

    `former` are the names that it had before. `authored` is {commit: what GitHub says of it}, `brought` is
    {commit: the numbers of the pull requests that it came by}, `addresses` is {mail address: the account's login}.
    """

    repository: str = "flowmart/infrastructure"
    number: int = 4711
    former: set[str] = field(default_factory=set)
    platform: str = "flowmart"
    us: str = "flowmart-bot"
    default_branch: str = "main"
    permissions: dict[str, str] = field(default_factory=dict)
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    commits: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    reviews: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    authored: dict[str, dict[str, Any]] = field(default_factory=dict)
    brought: dict[str, list[int]] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    on_issue: dict[int, int] = field(default_factory=dict)
    reactions: list[tuple[int, str]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    check_runs: dict[int, dict[str, Any]] = field(default_factory=dict)
    deployments: dict[int, dict[str, Any]] = field(default_factory=dict)
    deployment_statuses: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    _last: int = 1000

    def new_id(self) -> int:
        """Ids never repeat, whatever they are of."""
        self._last += 1
        return self._last

    # --- what a test puts there, and looks at ---

    def open_pull(self, number: int, sha: str, author: str = "anna", fork: bool = False) -> None:
        """A pull request to the default branch, from this repository or from a fork of it."""
        name = self.repository.partition("/")[2]
        head = {"full_name": f"stranger/{name}", "id": 666} if fork else self._itself
        self.pulls[number] = {
            "number": number,
            "state": "open",
            "merged": False,
            "merged_at": None,
            "merged_by": None,
            "merge_commit_sha": None,
            "user": {"login": author},
            "head": {"sha": sha, "ref": "change", "repo": head},
            "base": {"sha": "0" * 40, "ref": self.default_branch, "repo": self._itself},
        }
        self.commits[number] = [self.commit(sha, author)]

    def merge_pull(self, number: int, sha: str, by: str = "anna") -> None:
        """It was merged, as that commit."""
        self.pulls[number].update(
            state="closed", merged=True, merged_at=NOW, merged_by={"login": by}, merge_commit_sha=sha
        )
        self.commit(sha, by)
        for commit in (sha, *(one["sha"] for one in self.commits[number])):
            self.brought.setdefault(commit, []).append(number)

    def commit(self, sha: str, author: str | None, message: str = "a change") -> dict[str, Any]:
        """What GitHub says of a commit; no `author`: it knows no account of whoever wrote it."""
        who = {"login": author} if author else None
        self.authored[sha] = {"sha": sha, "author": who, "committer": who, "commit": {"message": message}}
        return self.authored[sha]

    def review(self, number: int, by: str, state: str, sha: str) -> int:
        """Somebody's review; its id."""
        made = {"id": self.new_id(), "user": {"login": by, "type": "User"}, "state": state, "commit_id": sha}
        self.reviews.setdefault(number, []).append(made)
        return int(str(made["id"]))

    @property
    def _itself(self) -> dict[str, Any]:
        return {"full_name": self.repository, "id": self.number}

    def comment(self, number: int, body: str, by: str) -> int:
        """Somebody's comment; its id."""
        made = {
            "id": self.new_id(),
            "body": body,
            "user": {"login": by, "type": "User"},
            "issue_url": f"https://api.github.com/repos/{self.repository}/issues/{number}",
            "created_at": NOW,
            "updated_at": NOW,
        }
        self.comments[made["id"]] = made  # type: ignore[index]
        self.on_issue[made["id"]] = number  # type: ignore[index]
        return made["id"]  # type: ignore[return-value]

    def bodies(self, number: int) -> list[str]:
        """All comments of an issue or pull request, oldest first."""
        return [self.comments[comment]["body"] for comment, issue in self.on_issue.items() if issue == number]

    def status(self, context: str) -> list[tuple[str, str]]:
        """(state, description) of a context, oldest first."""
        return [(s["state"], s["description"]) for s in self.statuses if s["context"] == context]

    def deployed(self, environment: str) -> list[list[tuple[str, str]]]:
        """Of each deployment to an environment its states with descriptions, oldest first."""
        found = (
            key for key, made in self.deployments.items() if made["environment"] == f"{self.platform}/{environment}"
        )
        return [[(s["state"], s["description"]) for s in self.deployment_statuses[key]] for key in found]

    # --- the limits ---

    def refuse_long(self, name: str, text: str, most: int) -> None:
        """422 for what is too long."""
        if len(text) > most:
            raise Invalid(f"{name} is too long (maximum is {most} characters)")


def page(items: Iterable[Any], query: dict[str, str]) -> list[Any]:
    """One page of a list."""
    size, number = int(query.get("per_page", 30)), int(query.get("page", 1))
    return list(items)[size * (number - 1) : size * number]
