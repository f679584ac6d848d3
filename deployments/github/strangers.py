"""Checks that the author of a command has write access, before a flow run is spent on it.

Anybody may write comments and reviews on a public repository. Without write access they get no run and no reply. The
flow checks again, so nothing depends on this check: if GitHub does not respond, the run is started.
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
"""Seconds for which a result is cached; the cache grants no permission."""

_MOST = 10_000
"""The largest number of cached people."""


class Strangers:
    """Caches for a while who has write access."""

    def __init__(self, client: Client, home: Home, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._home = home
        self._clock = clock
        self._known: dict[str, tuple[float, bool]] = {}

    def objection(self, entry: Entry) -> str:
        """Return why nothing is started for a delivery; empty if something is."""
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
