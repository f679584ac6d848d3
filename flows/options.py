"""Options of all flows: a thread for every step, results in memory, and events in the run's log.

A worker imports only the flow, so logging is configured here. The command line configures it again for a terminal.
"""

from __future__ import annotations

from typing import Any

from prefect.task_runners import ThreadPoolTaskRunner

from flows import logs
from tasks import settings

_chosen = settings.load()
logs.configure(_chosen.log, folder=_chosen.log_files)


# A step that waits for others holds a thread while it waits, so there are threads for all of them. How many units are
# really worked on at once is FLOWMART_PARALLELISM, which the steps keep to.
FLOW: dict[str, Any] = {
    "task_runner": ThreadPoolTaskRunner(max_workers=200),
    "persist_result": False,
    "retries": 0,
    "validate_parameters": True,
}
