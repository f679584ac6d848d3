"""GitHub, asked for what the sweep wants to know. It only reads, and reads plain JSON, as `events` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from deployments.github.events import seconds
from tasks.github import repositories
from tasks.github.client import APP, Client, segment
from tasks.github.repositories import Repository
from tasks.settings import Settings

_OF_THE_APP = 0
"""In the place of a webhook's number, of which GitHub has none below 1."""


@dataclass(frozen=True)
class Attempt:
    """One attempt of GitHub's at a delivery. `number` is the attempt's, `delivery` what the receiver knows it by."""

    number: int
    delivery: str
    event: str
    at: float


@dataclass(frozen=True)
class Head:
    """Where a pull request (`number`) or a branch (`branch`) stands, and since when at the latest."""

    sha: str
    moment: float
    number: int = 0
    branch: str = ""


class Source(Protocol):
    """Something that knows what GitHub knows. Every question may end in `Unanswered`, `NotFound` or `Refused`."""

    def repository(self) -> Repository:
        """The platform's repository, as it is called now."""

    def hooks(self, repository: str, address: str) -> Iterator[int]:
        """The repository's webhooks that lead to an address."""

    def attempts(self, repository: str, hook: int, since: float) -> Iterator[Attempt]:
        """Deliveries of a webhook, newest first, back to a moment."""

    def payload(self, repository: str, hook: int, attempt: int) -> Mapping[str, Any]:
        """What was in a delivery."""

    def heads(self, repository: str, branch: str) -> Iterator[Head]:
        """The branch, and the open pull requests that are not forks."""


class GitHubSource:
    """The real one, asked as what the product is at GitHub: an app, or whoever a token belongs to."""

    def __init__(self, client: Client, product: Settings) -> None:
        """Needs to read webhooks, contents and pull requests; an app reads its own webhook without being asked."""
        self._client = client
        self._product = product

    def repository(self) -> Repository:
        """See `Source`."""
        return repositories.of_platform(self._client, self._product)

    def hooks(self, repository: str, address: str) -> Iterator[int]:
        """See `Source`. An app has one webhook for all repositories, in which it is its own."""
        if self._client.is_app and self._client.ask("GET", APP, "/hook/config").get("url") == address:
            yield _OF_THE_APP
            return
        for hook in self._client.all(repository, "/hooks"):
            if hook.get("active") and (hook.get("config") or {}).get("url") == address:
                yield int(hook["id"])

    def attempts(self, repository: str, hook: int, since: float) -> Iterator[Attempt]:
        """See `Source`. The list is newest first, so that it is read no further than needed."""
        for found in self._client.linked(*_deliveries(repository, hook)):
            attempt = Attempt(found["id"], found["guid"].lower(), found["event"], seconds(found["delivered_at"]))
            if attempt.at < since:
                return
            yield attempt

    def payload(self, repository: str, hook: int, attempt: int) -> Mapping[str, Any]:
        """See `Source`."""
        where, path = _deliveries(repository, hook)
        payload = self._client.ask("GET", where, f"{path}/{attempt}")["request"]["payload"]
        return payload if isinstance(payload, dict) else {}

    def heads(self, repository: str, branch: str) -> Iterator[Head]:
        """See `Source`."""
        about = self._client.ask("GET", repository, "")
        tip = self._client.ask("GET", repository, f"/branches/{segment(branch)}")
        yield Head(tip["commit"]["sha"], seconds(about["pushed_at"]), branch=branch)
        for found in self._client.all(repository, "/pulls", {"state": "open"}):
            head = found["head"]
            if head["repo"] and head["repo"]["id"] == about["id"]:
                yield Head(head["sha"], seconds(found["updated_at"]), number=found["number"])


def _deliveries(repository: str, hook: int) -> tuple[str, str]:
    return (APP, "/hook/deliveries") if hook == _OF_THE_APP else (repository, f"/hooks/{hook}/deliveries")
