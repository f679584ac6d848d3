"""What all flows have in common: a thread for every step, and that results stay in memory."""

from __future__ import annotations

from typing import Any

from prefect.task_runners import ThreadPoolTaskRunner

# A step that waits for others holds a thread while it waits, so there are threads for all of them. How many units are
# really worked on at once is FLOWMART_PARALLELISM, which the steps keep to.
FLOW: dict[str, Any] = {
    "task_runner": ThreadPoolTaskRunner(max_workers=200),
    "persist_result": False,
    "retries": 0,
    "validate_parameters": True,
}
