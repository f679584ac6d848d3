"""GitHub, asked for what the sweep wants to know. It only reads, and reads plain JSON, as `events` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from githubkit import GitHub, Response
from githubkit.exception import GitHubException, RequestFailed

from deployments.github.events import seconds
from deployments.github.settings import ReceiverSettings
from tasks.errors import CouldNotAsk, NotFound, Refused

_TIMEOUT = 15.0
"""Seconds for one request to GitHub."""

_PAGE = 100


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
    """Something that knows what GitHub knows. Every question may end in `CouldNotAsk`, `NotFound` or `Refused`."""

    def hooks(self, repository: str, address: str) -> Iterator[int]:
        """The repository's webhooks that lead to an address."""

    def attempts(self, repository: str, hook: int, since: float) -> Iterator[Attempt]:
        """Deliveries of a webhook, newest first, back to a moment."""

    def payload(self, repository: str, hook: int, attempt: int) -> Mapping[str, Any]:
        """What was in a delivery."""

    def heads(self, repository: str, branch: str) -> Iterator[Head]:
        """The branch (empty: the default one), and the open pull requests that are no forks."""


class GitHubSource:
    """The real one, through githubkit; its address decides whose."""

    def __init__(self, settings: ReceiverSettings) -> None:
        """Needs a token that reads webhooks ("Webhooks: read") and pull requests."""
        token = settings.token.get_secret_value() if settings.token else None
        # What does not work now is asked again by the next sweep, not after GitHub's own idea of a pause.
        self._github = GitHub(token, base_url=settings.api, timeout=_TIMEOUT, auto_retry=False, http_cache=False)

    def hooks(self, repository: str, address: str) -> Iterator[int]:
        """See `Source`."""
        for hook in self._pages(f"/repos/{repository}/hooks"):
            if hook.get("active") and (hook.get("config") or {}).get("url") == address:
                yield int(hook["id"])

    def attempts(self, repository: str, hook: int, since: float) -> Iterator[Attempt]:
        """See `Source`. The list is newest first, so that it is read no further than needed."""
        for found in self._pages(f"/repos/{repository}/hooks/{hook}/deliveries"):
            attempt = Attempt(found["id"], found["guid"].lower(), found["event"], seconds(found["delivered_at"]))
            if attempt.at < since:
                return
            yield attempt

    def payload(self, repository: str, hook: int, attempt: int) -> Mapping[str, Any]:
        """See `Source`."""
        found = self._get(f"/repos/{repository}/hooks/{hook}/deliveries/{attempt}").json()
        payload = found["request"]["payload"]
        return payload if isinstance(payload, dict) else {}

    def heads(self, repository: str, branch: str) -> Iterator[Head]:
        """See `Source`."""
        about = self._get(f"/repos/{repository}").json()
        name = branch or about["default_branch"]
        tip = self._get(f"/repos/{repository}/branches/{name}").json()
        yield Head(tip["commit"]["sha"], seconds(about["pushed_at"]), branch=name)
        for found in self._pages(f"/repos/{repository}/pulls", state="open"):
            head = found["head"]
            if head["repo"] and head["repo"]["full_name"].lower() == repository.lower():
                yield Head(head["sha"], seconds(found["updated_at"]), number=found["number"])

    def _pages(self, path: str, **parameters: str) -> Iterator[Any]:
        """All items of a list; the next page is where the answer's Link header says."""
        response = self._get(path, per_page=_PAGE, **parameters)
        while True:
            yield from response.json()
            following = response.raw_response.links.get("next", {}).get("url")
            if not following:
                return
            response = self._get(following)

    def _get(self, path: str, **parameters: str | int) -> Response[Any, Any]:
        try:
            # No parameters are None: empty ones would take away those of a next page's address.
            return self._github.request("GET", path, params=parameters or None)
        except RequestFailed as error:
            raise _said_no(path, error) from error
        except GitHubException as error:
            raise CouldNotAsk(f"GitHub, GET {path}: {error}") from error


def _said_no(path: str, error: RequestFailed) -> CouldNotAsk | NotFound | Refused:
    status = error.response.status_code
    said = f"GitHub, GET {path}: {status}"
    if status == 404:
        return NotFound(f"{said}; it is not there, or the token (FLOWMART_GITHUB_TOKEN) may not see it")
    limited = status == 429 or error.response.headers.get("x-ratelimit-remaining") == "0"
    if status >= 500 or limited:
        return CouldNotAsk(said)
    return Refused(f"{said}; the token (FLOWMART_GITHUB_TOKEN) needs to read webhooks, contents and pull requests")
