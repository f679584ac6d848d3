"""Serves the metrics of the delivery on a separate port, for Prometheus to scrape: GET /metrics."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from tasks.metrics.exporter import text


def serving(collectors: Sequence[Collector], host: str, port: int) -> ThreadingHTTPServer:
    """Return a server bound to `host` and `port`; its `serve_forever` handles requests."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Respond to a scrape. Simultaneous scrapes take turns, because they share a position in the ledger."""
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
            """Log nothing: scrapes every few seconds are not worth a line."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    return server
