"""Prepares this process to run flows: logging for a person, and progress on a terminal.

Prefect is imported only from here on: it takes seconds, and commands that only read should not wait for it.
"""

from __future__ import annotations

import gc
import logging
import os
from importlib import import_module
from pathlib import Path

from deployments.cli import progress, screen
from tasks import settings


def prepare_flows(profile: Path | None = None) -> None:
    """Configure logging before flows are imported: Prefect's console log off (its UI has it), ours on.

    Args:
        profile: the file for the time profile, if one is wanted.
    """
    os.environ.setdefault("PREFECT_LOGGING_SETTINGS_PATH", str(Path(__file__).parents[1] / "prefect_logging.yml"))
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    # Give up on unanswered requests after seconds, not a minute: the run history must not delay a run.
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "1")
    # On import, flows configure logging for a worker; this configures it for a person.
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
    # What is imported stays, so no search for garbage needs to look through it again.
    gc.freeze()
