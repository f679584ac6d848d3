"""Makes this process ready to run flows: the log for a person, and progress where somebody watches.

Prefect is imported only from here on: it takes seconds, and whoever only wants to read should not wait.
"""

from __future__ import annotations

import logging
import os
from importlib import import_module
from pathlib import Path

from deployments.cli import progress, screen
from tasks import settings


def prepare_flows(profile: Path | None = None) -> None:
    """Before flows are imported: Prefect's own console log off (its words are in the UI), ours on.

    `profile` is the file for where the time went, if that is wanted.
    """
    os.environ.setdefault("PREFECT_LOGGING_SETTINGS_PATH", str(Path(__file__).parents[1] / "prefect_logging.yml"))
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    # A request without an answer is given up after seconds, not after a minute: the run history holds nothing up.
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "1")
    # Flows set the log up as a worker wants it, when they are imported; this is what a person wants.
    import_module("flows.options")
    from flows import logs

    chosen, listeners = settings.load(), list[logging.Handler]()
    if profile:
        from deployments.cli import profiling

        listeners.append(profiling.listening(profile))
    stream = None
    if progress.suits(screen.messages):
        shown = progress.Progress(screen.messages)
        listeners.append(shown)
        stream = shown.stream
    logs.configure(chosen.log, stream, listeners=listeners, folder=chosen.log_files)
