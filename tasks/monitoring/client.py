"""Sends requests to Prometheus's HTTP API: instant queries, which series there are, which rules are loaded.

Most commands import this and ask no Prometheus, so HTTP and signing are imported with the first request.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from tasks.domain.errors import Unanswered
from tasks.domain.monitoring import PrometheusServer
from tasks.monitoring import answers
from tasks.monitoring.answers import Answer

if TYPE_CHECKING:
    import httpx

_ENOUGH = 16 * 1_048_576
"""Bytes of a response: no result that is judged here is that long."""


class Prometheus:
    """A server of the API.

    Args:
        server: where it is, and how to authenticate.
        variables: the AWS credentials of the role that only reads, for servers that want signed requests.
        seconds: the time limit of one request.
    """

    def __init__(
        self, server: PrometheusServer, variables: Mapping[str, str] | None = None, seconds: float = 10.0
    ) -> None:
        self.server = server
        self.seconds = seconds
        self._variables = variables or {}

    @property
    def where(self) -> str:
        """The server for messages, without what may be secret in its address."""
        parts = urlsplit(self.server.url)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path.rstrip('/')}"

    def instant(self, query: str, at: float | None = None) -> Answer:
        """The result of `query` at the time `at` (seconds since 1970); the server's own time without it.

        Raises:
            QueryRefused: the query is wrong.
            Unanswered: there is no result, whatever the reason.
        """
        when = {} if at is None else {"time": f"{at:.3f}"}
        asked = {"query": query, "timeout": f"{self.seconds:g}s", **when}
        return answers.answer(self._asked("POST", "query", asked), self.where)

    def clock(self) -> float:
        """What time it is for the server."""
        found = self.instant("time()")
        if len(found.series) != 1:
            raise Unanswered(f"{self.where} does not tell the time")
        return found.series[0].value

    def has_series(self, selector: str, since: float, until: float) -> bool:
        """Whether there was any series of a selector in a time."""
        asked = {"match[]": selector, "start": f"{since:.3f}", "end": f"{until:.3f}", "limit": "1"}
        return bool(self._asked("GET", "series", asked)["data"])

    def rule_groups(self) -> list[Mapping[str, Any]]:
        """The groups of rules that are loaded."""
        data = self._asked("GET", "rules", {})["data"]
        groups = data.get("groups") if isinstance(data, Mapping) else None
        return [group for group in groups or () if isinstance(group, Mapping)]

    def link(self, query: str, at: float, seconds: float) -> str:
        """The page of the server that shows a query over the time until `at`."""
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))
        shown = f"g0.expr={quote(query)}&g0.tab=0&g0.end_input={quote(moment)}&g0.range_input={seconds:g}s"
        return f"{self.where}/graph?{shown}"

    def _asked(self, method: str, path: str, asked: Mapping[str, str]) -> Mapping[str, Any]:
        import httpx

        from tasks.monitoring import credentials

        server = self.server
        # urljoin would drop the path of the address, which Mimir and Thanos need.
        address = f"{server.url.rstrip('/')}/api/v1/{path}"
        fields = {"params": {**server.parameters, **asked}} if method == "GET" else {"params": server.parameters}
        data = dict(asked) if method == "POST" else None
        try:
            with (
                httpx.Client(verify=self._trust, timeout=self.seconds) as client,
                client.stream(
                    method,
                    address,
                    data=data,
                    headers=credentials.headers(server),
                    auth=credentials.auth(server, self._variables),
                    **fields,
                ) as response,
            ):
                body = self._body(response)
                return answers.content(response.status_code, response.headers.get("location", ""), body, self.where)
        except httpx.TimeoutException as error:
            raise self._late() from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise Unanswered(f"{self.where} did not answer: {error or type(error).__name__}") from error

    @cached_property
    def _trust(self) -> ssl.SSLContext | bool:
        from tasks.monitoring import credentials

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
