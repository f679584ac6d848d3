"""Ends the process of a command without waiting for a Prefect server that does not respond.

When a process ends, Prefect sends pending data and retries for minutes if its server does not respond. The ledger has
the command's results by then, so this module waits a few seconds and exits.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import NoReturn

PATIENCE = 5.0
"""Seconds to wait for sending the rest of the run history."""


def leave(code: int) -> NoReturn:
    """Exit this process with a code."""
    if "prefect" in sys.modules:
        _send_the_rest()
        _stop_temporary_server()
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _send_the_rest() -> None:
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (APILogWorker, EventsWorker):
        worker.drain_all(timeout=PATIENCE)


def _stop_temporary_server() -> None:
    """Stop the server that Prefect starts if none is configured; Prefect stops it only at a regular exit."""
    if "prefect.server.api.server" in sys.modules:
        from prefect.server.api.server import SubprocessASGIServer

        SubprocessASGIServer().stop()
