"""Reads from GitHub what the sweep compares with the inbox: webhooks, deliveries, branch and pull requests.

It reads plain JSON, as `events` does, and changes nothing.
"""

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
"""Stands for the app's own webhook; GitHub's webhook ids begin at 1."""


@dataclass(frozen=True)
class Attempt:
    """One of GitHub's attempts to deliver. `number` is GitHub's id of the attempt, `delivery` the delivery's UUID.

    `at` is in seconds since the epoch.
    """

    number: int
    delivery: str
    event: str
    at: float


@dataclass(frozen=True)
class Head:
    """The head commit of a pull request (`number`) or a branch (`branch`).

    `moment` is the latest time, in seconds since the epoch, at which it can have become the head.
    """

    sha: str
    moment: float
    number: int = 0
    branch: str = ""


class Source(Protocol):
    """A source of GitHub's state. Every method may raise `Unanswered`, `NotFound` or `Refused`."""

    def repository(self) -> Repository:
        """Return the platform's repository under its current name."""

    def hooks(self, repository: str, address: str) -> Iterator[int]:
        """Return the ids of the repository's webhooks for an address."""

    def attempts(self, repository: str, hook: int, since: float) -> Iterator[Attempt]:
        """Return a webhook's deliveries, newest first, back to `since` (seconds since the epoch)."""

    def payload(self, repository: str, hook: int, attempt: int) -> Mapping[str, Any]:
        """Return the payload of a delivery."""

    def heads(self, repository: str, branch: str) -> Iterator[Head]:
        """Return the heads of the branch and of the open pull requests, without forks."""


class GitHubSource:
    """Reads from GitHub as the product's app, or as the owner of its token."""

    def __init__(self, client: Client, product: Settings) -> None:
        """The client must be able to read webhooks, contents and pull requests; an app can read its own webhook."""
        self._client = client
        self._product = product

    def repository(self) -> Repository:
        """See `Source`."""
        return repositories.of_platform(self._client, self._product)

    def hooks(self, repository: str, address: str) -> Iterator[int]:
        """See `Source`. An app has one webhook for all repositories, represented by `_OF_THE_APP`."""
        if self._client.is_app and self._client.ask("GET", APP, "/hook/config").get("url") == address:
            yield _OF_THE_APP
            return
        for hook in self._client.all(repository, "/hooks"):
            if hook.get("active") and (hook.get("config") or {}).get("url") == address:
                yield int(hook["id"])

    def attempts(self, repository: str, hook: int, since: float) -> Iterator[Attempt]:
        """See `Source`. GitHub's list is newest first, so reading stops at `since`."""
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
