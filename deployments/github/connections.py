"""Closes connections that send no request in time, so that others can be served.

uvicorn waits for a request's head for ever, and its own limit counts connections, not requests. A few hundred idle
connections would block GitHub and callers of `/health`. Bodies have their own limit (`authentication.read_body`).
"""

from __future__ import annotations

import asyncio
import resource

from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 10.0
"""Seconds to wait for the head of a request, which GitHub sends at once."""

_FILES = 65_536
"""Wanted limit of open files; each connection needs one."""


class ImpatientProtocol(H11Protocol):
    """uvicorn's HTTP protocol, with a time limit for the head of each request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time limit. See uvicorn."""
        super().connection_made(transport)
        self._unasked: asyncio.TimerHandle | None = None
        self._await_request(PATIENCE)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the time limit. See uvicorn."""
        self._asked()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Cancel the time limit when a head is complete, which starts a new cycle. See uvicorn."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._asked()

    def on_response_complete(self) -> None:
        """Restart the time limit for the next request. See uvicorn."""
        self._await_request(self.timeout_keep_alive + PATIENCE)
        super().on_response_complete()

    def _await_request(self, seconds: float) -> None:
        self._asked()
        self._unasked = self.loop.call_later(seconds, self._hang_up)

    def _asked(self) -> None:
        if self._unasked is not None:
            self._unasked.cancel()
            self._unasked = None

    def _hang_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def allow_many() -> None:
    """Raise this process's limit of open connections as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
