"""Sends requests to Prometheus's HTTP API: instant queries, which series there are, which rules are loaded.

Most commands import this and ask no Prometheus, so HTTP and signing are imported with the first request.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from tasks.domain.errors import Unanswered
from tasks.domain.monitoring import PrometheusServer
from tasks.monitoring import answers
from tasks.monitoring.answers import Answer
from tasks.servers.connection import Connection


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
        self._connection = Connection(server, variables, seconds)

    @property
    def where(self) -> str:
        """The server for messages, without what may be secret in its address."""
        return self._connection.where

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
        content = {"params" if method == "GET" else "data": dict(asked)}
        found = self._connection.send(method, f"/api/v1/{path}", **content)
        return answers.content(found.status, found.location, found.body, self.where)
