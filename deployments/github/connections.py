"""Connections that do not say what they want: closed after a while, so that others are answered meanwhile.

uvicorn waits for the head of a request for ever, and its own limit counts connections, not requests: some hundred
that were opened and left would keep out GitHub, and whoever asks for `/health`. Bodies have a limit of their own
(`authentication.read_body`).
"""

from __future__ import annotations

import asyncio
import resource

from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 10.0
"""Seconds for the head of a request, which GitHub sends at once."""

_FILES = 65_536
"""Open files that are asked for: each connection is one."""


class ImpatientProtocol(H11Protocol):
    """HTTP as uvicorn speaks it, with a time limit for the head of each request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See uvicorn."""
        super().connection_made(transport)
        self._unasked: asyncio.TimerHandle | None = None
        self._await_request(PATIENCE)

    def connection_lost(self, exc: Exception | None) -> None:
        """See uvicorn."""
        self._asked()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """See uvicorn; a new cycle is a request whose head is complete."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._asked()

    def on_response_complete(self) -> None:
        """See uvicorn."""
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
    """Let this process have as many connections as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
