"""Sends requests to one server, each with a time limit for all of it, and follows no redirect.

Most commands import this and ask no server, so HTTP and signing are imported with the first request.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tasks.domain.errors import Unanswered
from tasks.domain.servers import Server

if TYPE_CHECKING:
    import ssl

    import httpx

_ENOUGH = 16 * 1_048_576
"""Bytes of a response: nothing that is asked for here is that long."""


@dataclass(frozen=True)
class Response:
    """What came back. `location` is where it redirects to, empty where it does not."""

    status: int
    body: bytes
    location: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Connection:
    """One server.

    Args:
        server: where it is, and how to authenticate.
        variables: the AWS credentials of the role to sign with, for servers that want signed requests.
        seconds: the time limit of one request.
    """

    def __init__(self, server: Server, variables: Mapping[str, str] | None = None, seconds: float = 10.0) -> None:
        self.server = server
        self.seconds = seconds
        self._variables = variables or {}

    @property
    def where(self) -> str:
        """The server for messages, without what may be secret in its address."""
        parts = urlsplit(self.server.url)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path.rstrip('/')}"

    def send(self, method: str, path: str, **content: Any) -> Response:
        """What the server answers, whatever its status.

        Args:
            method: GET, POST, PUT, DELETE.
            path: below the server's address, with a slash; encoded.
            **content: `params`, `headers`, `data`, `content` or `json`, as httpx takes them.

        Raises:
            Unanswered: there is no response, or not all of it within the time limit.
        """
        import httpx

        from tasks.servers import credentials

        server = self.server
        # urljoin would drop the path of the address, which Mimir, Thanos and proxies need.
        address = f"{server.url.rstrip('/')}{path}"
        content["params"] = {**server.parameters, **content.get("params", {})}
        content["headers"] = {**credentials.headers(server), **content.get("headers", {})}
        try:
            with (
                httpx.Client(verify=self._trust, timeout=self.seconds) as client,
                client.stream(method, address, auth=credentials.auth(server, self._variables), **content) as response,
            ):
                location = response.headers.get("location", "")
                return Response(response.status_code, self._body(response), location, response.headers)
        except httpx.TimeoutException as error:
            raise self._late() from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise Unanswered(f"{self.where} did not answer: {error or type(error).__name__}") from error

    @cached_property
    def _trust(self) -> ssl.SSLContext | bool:
        from tasks.servers import credentials

        # Without TLS there is nothing to trust, and loading the system's trust store takes its time.
        return credentials.trust(self.server) if self.server.url.startswith("https:") else False

    def _body(self, response: httpx.Response) -> bytes:
        """The whole body. The time limit holds for all of it, so that a trickling server holds nobody up."""
        body, until = b"", time.monotonic() + self.seconds
        for piece in response.iter_bytes():
            body += piece
            if time.monotonic() > until:
                raise self._late()
            if len(body) > _ENOUGH:
                raise Unanswered(f"{self.where} answered with more than {_ENOUGH} bytes; narrow the query")
        return body

    def _late(self) -> Unanswered:
        return Unanswered(f"{self.where} did not answer within {self.seconds:g}s")
