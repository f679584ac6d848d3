"""What all flows have in common: how many units are worked on at once, and that results stay in memory."""

from __future__ import annotations

from typing import Any

from prefect.task_runners import ThreadPoolTaskRunner

from tasks import settings

# Each unit waits for a tool most of the time; two steps of it (plan and test, apply and smoke) never overlap.
FLOW: dict[str, Any] = {
    "task_runner": ThreadPoolTaskRunner(max_workers=settings.load().parallelism),
    "persist_result": False,
    "retries": 0,
    "validate_parameters": True,
}
