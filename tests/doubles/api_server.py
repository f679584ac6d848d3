"""A server of an API over HTTP on loopback, which answers what a test wants."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers import loopback


@dataclass(frozen=True)
class Said:
    """A response as it is sent."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A request as it came; `path` with its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ApiDouble:
    """Answers everything by `answer`, and keeps what was asked."""

    def __init__(self) -> None:
        self.answer: Callable[[Asked], Said] = lambda _: Said()
        self.asked: list[Asked] = []
        self.url = ""


def document(content: Any, status: int = 200) -> Said:
    """JSON."""
    return Said(status, json.dumps(content).encode(), {"Content-Type": "application/json"})


@contextmanager
def serving() -> Iterator[ApiDouble]:
    """A server for one test."""
    double = ApiDouble()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = Asked(self.command, self.path, dict(self.headers), body)
            double.asked.append(asked)
            said = double.answer(asked)
            self.send_response(said.status)
            for name, value in {**said.headers, "Content-Length": str(len(said.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 -- as http.server looks for them

        def log_message(self, format: str, *args: Any) -> None:
            """Tests are silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with loopback.serving(server):
        double.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield double
