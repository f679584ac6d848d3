"""Sends requests to Prometheus's HTTP API: instant queries, existing series, loaded rules.

Most commands import this module but query no Prometheus, so HTTP and signing are imported with the first request.
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
    """A client of the API.

    Args:
        server: its address, and how to authenticate.
        variables: the AWS credentials of the read-only role, for servers that require signed requests.
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
        """Return the server's address for messages, without the parts that may be secret."""
        return self._connection.where

    def instant(self, query: str, at: float | None = None) -> Answer:
        """Return the result of an instant query.

        Args:
            query: PromQL.
            at: the time, in seconds since 1970; None for the server's current time.

        Raises:
            QueryRefused: the query is wrong.
            Unanswered: there is no result, whatever the reason.
        """
        when = {} if at is None else {"time": f"{at:.3f}"}
        asked = {"query": query, "timeout": f"{self.seconds:g}s", **when}
        return answers.answer(self._asked("POST", "query", asked), self.where)

    def clock(self) -> float:
        """Return the server's current time, in seconds since 1970."""
        found = self.instant("time()")
        if len(found.series) != 1:
            raise Unanswered(f"{self.where} does not tell the time")
        return found.series[0].value

    def has_series(self, selector: str, since: float, until: float) -> bool:
        """Tell whether a selector matched any series between two times, in seconds since 1970."""
        asked = {"match[]": selector, "start": f"{since:.3f}", "end": f"{until:.3f}", "limit": "1"}
        return bool(self._asked("GET", "series", asked)["data"])

    def rule_groups(self) -> tuple[list[Mapping[str, Any]], tuple[str, ...]]:
        """Return the groups of rules that are loaded, and why there may be others (Thanos, if a ruler is down)."""
        document = self._asked("GET", "rules", {})
        data = document["data"]
        groups = data.get("groups") if isinstance(data, Mapping) else None
        warnings = tuple(str(each) for each in document.get("warnings") or ())
        return [group for group in groups or () if isinstance(group, Mapping)], warnings

    def link(self, query: str, at: float, seconds: float) -> str:
        """Return the server's page for a query over the `seconds` until `at` (seconds since 1970)."""
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))
        shown = f"g0.expr={quote(query)}&g0.tab=0&g0.end_input={quote(moment)}&g0.range_input={seconds:g}s"
        return f"{self.where}/graph?{shown}"

    def _asked(self, method: str, path: str, asked: Mapping[str, str]) -> Mapping[str, Any]:
        content = {"params" if method == "GET" else "data": dict(asked)}
        found = self._connection.send(method, f"/api/v1/{path}", **content)
        return answers.content(found.status, found.location, found.body, self.where)
