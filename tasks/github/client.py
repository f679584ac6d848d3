"""Sends requests to GitHub: signs in, interprets responses, and limits waiting times.

A rejection raises `Refused`, a missing resource `NotFound`, and a missing response `Unanswered`. A request is retried
only if GitHub did not process it (a rate limit), it never arrived, or a repetition has no further effect. So the
client never posts a comment twice.

githubkit signs and sends. Responses are read as plain JSON, because its models reject much that GitHub really sends.
githubkit and httpx are imported where they are used. Importing them takes longer than most commands, which never ask
GitHub.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tasks.domain.errors import FlowmartError, InvalidInput, NotFound, Refused, Unanswered
from tasks.settings import Settings

if TYPE_CHECKING:
    from githubkit import GitHub, Response
    from githubkit.exception import GitHubException
    from githubkit.typing import RetryOption

TIME_LIMIT = 15.0
"""Time limit of one request, in seconds."""

LONGEST_WAIT = timedelta(seconds=90)
"""Longest wait for a rate limit.

GitHub resets the limit hourly; a request that would have to wait longer fails.
"""

TRIES = 3

APP = "app"
"""Used in place of a repository for requests that concern the GitHub App itself."""

_SAFE = {"GET", "PATCH", "PUT", "DELETE"}
"""Methods that can be repeated. PATCH is among them because its body always holds complete values."""

_NOT_GITHUB = (
    "the response is cut off, or not GitHub's; is FLOWMART_GITHUB_API right, and does a proxy ask for a login?"
)
_BUSY = re.compile(r"rate limit|abuse detection", re.IGNORECASE)
"""In GitHub's message of a 403: it was asked too often, whatever the token may do.

https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
"""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*/(?!\.{1,2}$)[A-Za-z0-9._-]+")


class Client:
    """Asks GitHub about repositories ("owner/name"), as a GitHub App or with a token. Created by `connect`."""

    def __init__(self, github: GitHub[Any], token: str = "") -> None:
        self._github = github
        self._token = token
        self._installed: dict[str, GitHub[Any]] = {}
        self._login = ""

    def ask(
        self,
        method: str,
        repository: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Any:
        """Send one request about a repository.

        Args:
            method: the HTTP method.
            repository: owner/name, or `APP`.
            path: the part after the repository's name ("/issues").
            body: the JSON body; None for no body.
            query: query parameters; None for none.

        Returns:
            The response, as JSON.

        Raises:
            InvalidInput: the repository is not owner/name.
            NotFound: GitHub has no such resource.
            Refused: GitHub rejects the request.
            Unanswered: GitHub does not respond, or its rate limit is exceeded.
        """
        return _send(self._for(repository), method, f"{_address(repository)}{path}", body, query)

    def all(self, repository: str, path: str, query: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Yield the items of a list; each page is requested when its items are needed."""
        page = 1
        while True:
            found = self.ask("GET", repository, path, query={**(query or {}), "per_page": 100, "page": page})
            yield from _listed(found, path)
            if len(found) < 100:
                return
            page += 1

    def linked(self, repository: str, path: str, query: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Yield the items of a list without page numbers; the Link header of each response names the next page."""
        github = self._for(repository)
        answer = _answered(github, "GET", f"{_address(repository)}{path}", None, {**(query or {}), "per_page": 100})
        yield from _listed(_json(answer, path), path)
        while following := answer.raw_response.links.get("next", {}).get("url"):
            answer = _answered(github, "GET", following, None, None)
            yield from _listed(_json(answer, path), path)

    @property
    def is_app(self) -> bool:
        """Tell whether the client signs in as a GitHub App."""
        return not self._token

    @property
    def login(self) -> str:
        """Return the client's own login, the author of what it writes."""
        if not self._login:
            self._login = self._ask_login()
        return self._login

    def git_token(self, repository: str) -> str:
        """Return the token that git uses over HTTPS."""
        if self._token:
            return self._token
        number = self._for(repository).auth.installation_id
        made = _send(self._github, "POST", f"/app/installations/{number}/access_tokens", {}, None)
        return str(made["token"])

    def _ask_login(self) -> str:
        if self.is_app:
            return f"{_send(self._github, 'GET', '/app', None, None)['slug']}[bot]"
        try:
            return str(_send(self._github, "GET", "/user", None, None)["login"])
        except Refused:
            # The token of a workflow run has no user: GitHub rejects the request, and signs with this name.
            return "github-actions[bot]"

    def _for(self, repository: str) -> GitHub[Any]:
        if repository == APP or not self.is_app:
            return self._github
        if repository not in self._installed:
            number = _send(self._github, "GET", f"{_address(repository)}/installation", None, None)["id"]
            self._installed[repository] = self._github.with_auth(self._github.auth.as_installation(number))
        return self._installed[repository]


def connect(settings: Settings) -> Client:
    """Return a client that signs in as the settings say.

    Raises:
        InvalidInput: the settings hold neither a token nor a GitHub App.
    """
    from githubkit import AppAuthStrategy, GitHub, TokenAuthStrategy
    from githubkit.cache import MemCacheStrategy
    from githubkit.throttling import LocalThrottler

    options: dict[str, Any] = {
        "base_url": settings.github_api.rstrip("/") + "/",
        "timeout": TIME_LIMIT,
        "auto_retry": _again,
        "http_cache": False,
        "cache_strategy": MemCacheStrategy(),
        "throttler": LocalThrottler(1),
        "user_agent": "flowmart",
    }
    if settings.github_app_id:
        key = _private_key(settings.github_private_key.get_secret_value())
        return Client(GitHub(AppAuthStrategy(settings.github_app_id, key), **options))
    token = settings.github_token.get_secret_value().strip()
    if not token:
        raise InvalidInput(
            "GitHub: set FLOWMART_GITHUB_TOKEN, or FLOWMART_GITHUB_APP_ID and FLOWMART_GITHUB_PRIVATE_KEY"
        )
    return Client(GitHub(TokenAuthStrategy(token), **options), token)


def segment(name: str) -> str:
    """Quote a name as one segment of a path."""
    return quote(name, safe="")


def _send(
    github: GitHub[Any], method: str, path: str, body: Mapping[str, Any] | None, query: Mapping[str, Any] | None
) -> Any:
    return _json(_answered(github, method, path, body, query), f"{method} {path}")


class _Object(dict[str, Any]):
    """An object of a response: a name that GitHub always sends is missing only where the response is not GitHub's."""

    def __init__(self, found: Mapping[str, Any], what: str) -> None:
        super().__init__(found)
        self._what = what

    def __missing__(self, name: str) -> Any:
        raise Unanswered(f"GitHub: {self._what}: no {name!r} in it: {_NOT_GITHUB}")


def _json(response: Response[Any, Any], what: str) -> Any:
    """Return the JSON of a response; None where GitHub sends no content."""
    if response.status_code == 204:
        return None
    try:
        return json.loads(response.content, object_hook=lambda found: _Object(found, what))
    except (ValueError, RecursionError) as error:
        raise Unanswered(f"GitHub: {what}: {_NOT_GITHUB}") from error


def _listed(found: Any, what: str) -> list[Any]:
    if isinstance(found, list):
        return found
    raise Unanswered(f"GitHub: {what}: {_NOT_GITHUB}")


def _answered(
    github: GitHub[Any], method: str, path: str, body: Mapping[str, Any] | None, query: Mapping[str, Any] | None
) -> Response[Any, Any]:
    from githubkit.exception import GitHubException

    what = f"GitHub: {method} {path}"
    try:
        # Without its first slash, a path is resolved from the end of the base address, as GitHub Enterprise needs
        # it. No parameters are None: empty ones would remove the query of an address.
        return github.request(method, path.removeprefix("/"), json=body, params=dict(query) if query else None)
    except GitHubException as error:
        raise _meant(what, error) from error


def _meant(what: str, error: BaseException) -> FlowmartError:
    """Translate an error of githubkit. Signing in is a separate request, whose error is nested inside."""
    import httpx
    from githubkit.exception import GitHubException, RateLimitExceeded, RequestError, RequestFailed

    if isinstance(error, RateLimitExceeded):
        return Unanswered(f"{what}: asked too often, try again in {error.retry_after.total_seconds():.0f} s")
    if isinstance(error, RequestFailed):
        return _said(what, error.response.status_code, error.response.text)
    if isinstance(error, RequestError) and isinstance(error.exc, GitHubException):
        return _meant(what, error.exc)
    if isinstance(error, RequestError) and isinstance(error.exc, httpx.LocalProtocolError):
        # Its message quotes the token.
        return InvalidInput(f"{what}: the token has characters that a header cannot have; set it again")
    if isinstance(error, RequestError) and isinstance(error.exc, httpx.HTTPError):
        return Unanswered(f"{what}: {type(error.exc).__name__} {error.exc}".rstrip())
    return Refused(f"{what}: {error!r}")


def _said(what: str, status: int, text: str) -> FlowmartError:
    message = f"{what}: {status} {text[:500]}"
    if status >= 500 or status in (408, 429) or (status == 403 and _BUSY.search(text)):
        return Unanswered(message)
    if status == 401:
        return Refused(f"{message} - is the token valid, and not expired?")
    if status == 403:
        return Refused(f"{message} - docs/github-reporting.md says which permissions are needed")
    return NotFound(message) if status == 404 else Refused(message)


def _again(error: GitHubException, tried: int) -> RetryOption:
    """Decide whether to retry a request, and after how long."""
    from githubkit.exception import RateLimitExceeded, RequestFailed
    from githubkit.typing import RetryOption

    if tried + 1 >= TRIES:
        return RetryOption(False)
    if isinstance(error, RateLimitExceeded):
        return RetryOption(error.retry_after <= LONGEST_WAIT, error.retry_after)
    if isinstance(error, RequestFailed):
        broken = error.response.status_code >= 500 and error.request.method in _SAFE
        return RetryOption(broken, timedelta(seconds=2**tried))
    return RetryOption(_can_be_repeated(error), timedelta(seconds=2**tried))


def _can_be_repeated(error: GitHubException) -> bool:
    import httpx
    from githubkit.exception import RequestError

    found = error.exc if isinstance(error, RequestError) else None
    if isinstance(found, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)):
        # The request never arrived.
        return True
    return isinstance(found, httpx.TransportError) and found.request.method in _SAFE


def _address(repository: str) -> str:
    if repository == APP:
        return "/app"
    if not _NAME.fullmatch(repository):
        raise InvalidInput(f"repository {repository!r}: should be owner/name")
    return f"/repos/{repository}"


def _private_key(given: str) -> str:
    if given.startswith("-----BEGIN"):
        return given
    try:
        return Path(given).read_text()
    except OSError as error:
        # The error is left out of the message, because the setting could hold the key itself in another form.
        wrong = "neither a key in PEM form nor the path of a file that can be read"
        raise InvalidInput(f"FLOWMART_GITHUB_PRIVATE_KEY: {wrong}") from error
