"""Somebody who is notified: an HTTP server on loopback that takes what Apprise's json:// sends."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


class Listener:
    """Answers with `statuses`, the last one again and again, after `seconds`; `heard` is what was sent to it."""

    def __init__(self, statuses: Sequence[int] = (200,), seconds: float = 0.0) -> None:
        self.heard: list[dict[str, Any]] = []
        self.answered = 0
        self._statuses, self._seconds = list(statuses), seconds
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.address = f"json://127.0.0.1:{self._server.server_port}/hook"

    def __enter__(self) -> Listener:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def titles(self) -> list[str]:
        """What was told, in order."""
        return [each["title"] for each in self.heard]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                listener.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                time.sleep(listener._seconds)
                statuses = listener._statuses
                self.send_response(statuses.pop(0) if statuses[1:] else statuses[0])
                self.end_headers()
                listener.answered += 1

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        return Handler
