"""A server that keeps one state for Terraform's backend "http", and whose disk can be full."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class StateServer:
    """What the server keeps.

    Attributes:
        address: the state's URL.
        state: the saved state; empty if there is none.
        full: writes fail with the status 507, and leave the saved state as it is.
        cut: how many bytes of a write fit before the disk is full; None for a server that writes all or nothing.
    """

    address: str = ""
    state: bytes = b""
    full: bool = False
    cut: int | None = None
    _lock: list[bytes] = field(default_factory=list)

    @property
    def backend(self) -> str:
        """The backend's block in a root, as a template that `Root.release` fills in."""
        settings = "".join(f'{name} = "{self.address}"\n' for name in ("address", "lock_address", "unlock_address"))
        return f'terraform {{{{\n  backend "http" {{{{\n{settings}retry_max = 0\n  }}}}\n}}}}\n'

    def read(self) -> tuple[HTTPStatus, bytes]:
        """The answer to a read."""
        return (HTTPStatus.OK, self.state) if self.state else (HTTPStatus.NOT_FOUND, b"")

    def write(self, content: bytes) -> tuple[HTTPStatus, bytes]:
        """Save a state, unless the disk is full."""
        if self.full:
            self.state = self.state if self.cut is None else content[: self.cut]
            return HTTPStatus.INSUFFICIENT_STORAGE, b"No space left on device"
        self.state = content
        return HTTPStatus.OK, b""

    def lock(self, who: bytes) -> tuple[HTTPStatus, bytes]:
        """Take the lock."""
        if self._lock:
            return HTTPStatus.LOCKED, self._lock[0]
        self._lock.append(who)
        return HTTPStatus.OK, b""

    def unlock(self) -> tuple[HTTPStatus, bytes]:
        """Release the lock."""
        self._lock.clear()
        return HTTPStatus.OK, b""


@contextmanager
def served() -> Iterator[StateServer]:
    """A server on loopback, until the end of the block."""
    kept = StateServer()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            self._answer(*kept.read())

        def do_POST(self) -> None:
            self._answer(*kept.write(self._body()))

        def do_LOCK(self) -> None:
            self._answer(*kept.lock(self._body()))

        def do_UNLOCK(self) -> None:
            self._body()
            self._answer(*kept.unlock())

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def _answer(self, status: HTTPStatus, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.address = f"http://127.0.0.1:{server.server_port}/state"
        Thread(target=server.serve_forever, daemon=True).start()
        yield kept
        server.shutdown()
