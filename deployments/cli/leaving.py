"""Ends the process of a command without waiting for a Prefect server that is gone.

At the end of a process Prefect sends what it has not sent yet, and asks a server that does not respond for minutes.
What the command did is in the ledger by then, so it waits a few seconds and leaves.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import NoReturn

PATIENCE = 5.0
"""Seconds for which the run history gets what is left for it."""


def leave(code: int) -> NoReturn:
    """End this process with an exit code."""
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
    """Prefect starts a server of its own where none is named, and stops it at the regular end of a process only."""
    if "prefect.server.api.server" in sys.modules:
        from prefect.server.api.server import SubprocessASGIServer

        SubprocessASGIServer().stop()
