"""A Prefect server with a database of its own, and a count of what it is asked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from prefect.settings import PREFECT_API_URL
from prefect.testing.utilities import prefect_test_harness

from tests.bench.relay import Relay

_QUIET = {
    "PREFECT_LOGGING_SERVER_LEVEL": "CRITICAL",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}
"""It is ended while services of its are at work, and would say so; the product's own variables are without these."""
_STARTUP = 600
"""Seconds that a busy machine may need to start the server."""


@contextmanager
def server() -> Iterator[Relay]:
    """A Prefect server behind a relay; both end with the context."""
    os.environ |= _QUIET
    with prefect_test_harness(server_startup_timeout=_STARTUP):
        found = urlsplit(PREFECT_API_URL.value())
        with Relay((str(found.hostname), int(found.port or 0))).listening() as relay:
            yield relay
