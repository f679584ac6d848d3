"""Serves the metrics of the delivery on a port of its own, for Prometheus to scrape: GET /metrics."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from tasks.metrics.exporter import text


def serving(collectors: Sequence[Collector], host: str, port: int) -> ThreadingHTTPServer:
    """A server that is bound; `serve_forever` serves."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer one scrape; two at once take turns, since both read the ledger on from the same entry."""
            if self.path != "/metrics":
                self.send_error(404, "GET /metrics")
                return
            with lock:
                body = text(*collectors).encode()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """A scrape every few seconds is not news."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    return server
