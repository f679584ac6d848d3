"""Passes on what comes to a server and back, and counts the requests in it."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_REQUEST = re.compile(rb"(?:GET|POST|PUT|PATCH|DELETE) /\S* HTTP/1\.1\r\n")


class Relay(socketserver.ThreadingTCPServer):
    """Passes on what comes to a server and back, whatever it is, and counts the requests in it.

    Attributes:
        asked: the requests so far, each by its first line; may be cleared at any time.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, upstream: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.upstream = upstream
        self.asked: list[str] = []

    @contextmanager
    def listening(self) -> Iterator[Relay]:
        """It listens for as long as this lasts."""
        with self:
            thread = threading.Thread(target=self.serve_forever, daemon=True)
            thread.start()
            try:
                yield self
            finally:
                self.shutdown()
                thread.join()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Connection(socketserver.BaseRequestHandler):
    server: Relay

    def handle(self) -> None:
        """Pass both directions on until one side has ended."""
        with socket.create_connection(self.server.upstream) as upstream:
            back = threading.Thread(target=_pass_on, args=(upstream, self.request), daemon=True)
            back.start()
            for piece in _pieces(self.request):
                self.server.asked += [found.decode().rstrip() for found in _REQUEST.findall(piece)]
                with suppress(OSError):
                    upstream.sendall(piece)
            _end(upstream)
            back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    for piece in _pieces(source):
        with suppress(OSError):
            target.sendall(piece)
    _end(target)


def _pieces(source: socket.socket) -> Iterator[bytes]:
    with suppress(OSError):
        while piece := source.recv(65536):
            yield piece


def _end(target: socket.socket) -> None:
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
