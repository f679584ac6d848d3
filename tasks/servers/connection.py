"""Sends requests to one server. Each has a time limit for the whole response, and redirects are not followed.

Most commands import this module but ask no server, so HTTP and signing are imported with the first request.
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
"""Maximum bytes of a response; no response that is needed here is that long."""


@dataclass(frozen=True)
class Response:
    """A response. `location` is the target of a redirect, or empty."""

    status: int
    body: bytes
    location: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Connection:
    """A connection to one server.

    Args:
        server: its address, and how to authenticate.
        variables: the AWS credentials of the role to sign with, for servers that require signed requests.
        seconds: the time limit of one request.
    """

    def __init__(self, server: Server, variables: Mapping[str, str] | None = None, seconds: float = 10.0) -> None:
        self.server = server
        self.seconds = seconds
        self._variables = variables or {}

    @property
    def where(self) -> str:
        """Return the server's address for messages, without the parts that may be secret."""
        parts = urlsplit(self.server.url)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path.rstrip('/')}"

    def send(self, method: str, path: str, **content: Any) -> Response:
        """Send a request, and return the response whatever its status.

        Args:
            method: GET, POST, PUT, DELETE.
            path: below the server's address, with a slash; encoded.
            **content: `params`, `headers`, `data`, `content` or `json`, as httpx takes them.

        Raises:
            Unanswered: the server does not respond, or not completely within the time limit.
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
        except (httpx.LocalProtocolError, UnicodeError) as error:
            # Its message may quote the credentials.
            reason = "its name or a header has characters that a request cannot have; check its url and credentials"
            raise Unanswered(f"{self.where} was not asked: {reason}") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise Unanswered(f"{self.where} did not answer: {error or type(error).__name__}") from error

    @cached_property
    def _trust(self) -> ssl.SSLContext | bool:
        from tasks.servers import credentials

        # Without TLS no certificate is checked, and loading the system's trust store is slow.
        return credentials.trust(self.server) if self.server.url.startswith("https:") else False

    def _body(self, response: httpx.Response) -> bytes:
        """Return the whole body. The time limit covers all of it, so that a slow stream cannot block the caller."""
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
