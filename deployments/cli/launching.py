"""Makes this process ready to run flows: the log for a person, and progress where somebody watches.

Prefect is imported only from here on: it takes seconds, and whoever only wants to read should not wait.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

from deployments.cli import progress, screen
from tasks import settings


def prepare_flows() -> None:
    """Before flows are imported: Prefect's own console log off (its words are in the UI), ours on."""
    os.environ.setdefault("PREFECT_LOGGING_SETTINGS_PATH", str(Path(__file__).parents[1] / "prefect_logging.yml"))
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    # A request without an answer is given up after seconds, not after a minute: the run history holds nothing up.
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "1")
    # Flows set the log up as a worker wants it, when they are imported; this is what a person wants.
    import_module("flows.options")
    from flows import logs

    chosen = settings.load()
    if not progress.suits(screen.messages):
        logs.configure(chosen.log, folder=chosen.log_files)
        return
    shown = progress.Progress(screen.messages)
    logs.configure(chosen.log, shown.stream, listeners=[shown], folder=chosen.log_files)
