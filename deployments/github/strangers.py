"""Whether a command comes from somebody who may command at all, asked before it costs a flow run.

Anybody may write comments and reviews in public. Who may not write to the repository gets no run and no answer. The
flow asks again, so that nothing depends on this: where GitHub does not answer, the run is started.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from deployments.github.home import Home
from deployments.github.inbox import Entry
from tasks.domain.errors import FlowmartError
from tasks.github import permissions
from tasks.github.client import Client

_REMEMBERED = 300.0
"""Seconds for which an answer counts here; nothing is allowed by it."""

_MOST = 10_000
"""People that are remembered at a time."""


class Strangers:
    """Remembers for a while who may not write."""

    def __init__(self, client: Client, home: Home, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._home = home
        self._clock = clock
        self._known: dict[str, tuple[float, bool]] = {}

    def objection(self, entry: Entry) -> str:
        """Why nothing is started for a delivery; "" where something is."""
        if not entry.author or self._may_write(entry.author):
            return ""
        return f"{entry.author} has no write access"

    def _may_write(self, login: str) -> bool:
        at, known = self._known.get(login, (0.0, True))
        if login in self._known and self._clock() - at < _REMEMBERED:
            return known
        if len(self._known) >= _MOST:
            self._known.clear()
        try:
            found = permissions.may_write(self._client, self._home.name, login)
        except FlowmartError:
            found = True
        self._known[login] = (self._clock(), found)
        return found
