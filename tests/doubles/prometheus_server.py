"""A Prometheus on loopback that says what a test wants: values by query, as functions of time, or something else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers import loopback

Found = float | Mapping[str, float] | None
"""The result of a query: one series, series by their label `name`, or no data."""


@dataclass(frozen=True)
class Said:
    """A response as it is sent."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """A request as it came; `fields` are those of the address and of the form."""

    path: str
    fields: Mapping[str, str]
    headers: Mapping[str, str]


class PrometheusDouble:
    """Answers instant queries with `values`: by a part of the query, the first that fits; no data without any.

    Attributes:
        values: {a part of a query: its result at a time}.
        now: the server's clock.
        instead: what is answered to everything, while it is set.
        rules: the rule groups.
        existing: parts of selectors that have series; all where it is None.
        more: fields beside `data`, such as warnings.
        asked: all requests.
    """

    def __init__(self) -> None:
        self.values: dict[str, Callable[[float], Found]] = {}
        self.now: Callable[[], float] = lambda: 0.0
        self.instead: Callable[[Request], Said | None] = lambda _: None
        self.rules: list[Mapping[str, Any]] = []
        self.existing: set[str] | None = None
        self.more: Mapping[str, Any] = {}
        self.asked: list[Request] = []
        self.url = ""

    def respond(self, request: Request) -> Said:
        self.asked.append(request)
        if said := self.instead(request):
            return said
        what = request.path.rsplit("/", 1)[-1]
        data = {"query": self._result, "series": self._series, "rules": lambda _: {"groups": self.rules}}[what](
            request
        )
        return document({"status": "success", "data": data, **self.more})

    def queries(self) -> list[str]:
        """The queries that were asked, in order."""
        return [request.fields["query"] for request in self.asked if "query" in request.fields]

    def _result(self, request: Request) -> Mapping[str, Any]:
        query, at = request.fields["query"], float(request.fields.get("time", self.now()))
        if query == "time()":
            return {"resultType": "scalar", "result": [at, str(self.now())]}
        given = next((value for part, value in self.values.items() if part in query), lambda _: None)
        found = given(at)
        series = {} if found is None else found if isinstance(found, Mapping) else {"": found}
        labelled = [({"name": name} if name else {}, value) for name, value in series.items()]
        return {
            "resultType": "vector",
            "result": [{"metric": labels, "value": [at, str(value)]} for labels, value in labelled],
        }

    def _series(self, request: Request) -> list[Mapping[str, str]]:
        known = self.existing is None or any(part in request.fields["match[]"] for part in self.existing)
        return [{"__name__": "something"}] if known else []


def document(content: Any, status: int = 200) -> Said:
    """JSON as Prometheus sends it."""
    return Said(status, json.dumps(content).encode(), {"Content-Type": "application/json"})


@contextmanager
def serving(wrapped: Callable[[Any], Any] = lambda plain: plain) -> Iterator[PrometheusDouble]:
    """A server for one test; `wrapped` puts TLS around its socket."""
    double = PrometheusDouble()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def _answer(self, body: bytes) -> None:
            address = urlsplit(self.path)
            fields = {**parse_qs(address.query), **parse_qs(body.decode())}
            flat = {name: values[-1] for name, values in fields.items()}
            said = double.respond(Request(address.path, flat, dict(self.headers)))
            self.send_response(said.status)
            for name, value in {**said.headers, "Content-Length": str(len(said.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, format: str, *args: Any) -> None:
            """Tests are silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = wrapped(server.socket)
    with loopback.serving(server):
        scheme = "http" if server.socket.__class__.__name__ == "socket" else "https"
        double.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
        yield double
