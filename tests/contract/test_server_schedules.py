"""Schedules on a real server: a planned run is executed, and `status` and `/health` say so when none is planned."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployments import prefect_health, prefect_server, processes, server
from deployments.prefect_health import GRACE
from deployments.sandbox import Sandbox
from deployments.services import READY, Part
from tests.doubles.deliveries import REPOSITORY, SECRET
from tests.servers.served import Served, at_a_sandbox

pytestmark = pytest.mark.sandbox

MINUTES = 300.0
"""Seconds that anything here may take on a busy machine."""


@pytest.fixture
def served(sandbox: Sandbox, tmp_path: Path) -> Iterator[Served]:
    with at_a_sandbox(sandbox, tmp_path) as found:
        found.mini.release("As it is")
        yield found


def part(served: Served, name: str = "server") -> Part:
    return next(part for part in server.status(served.root) if part.name == name)


def until(condition: Callable[[], Any], told: Callable[[], object]) -> None:
    deadline = time.monotonic() + MINUTES
    while not condition():
        assert time.monotonic() < deadline, told()
        time.sleep(0.5)


def judged(served: Served, now: float) -> str:
    """How the server is by what its services leave behind alone, without the log."""
    ask = prefect_health.with_httpx(served.variables["PREFECT_API_URL"], served.layout.password.read_text())
    return prefect_health.judge(prefect_health.Server("ours", ask), 0, now).reason


def completed(served: Served, schedule: str) -> Any:
    of = {"created_by": {"id_": [schedule]}, "state": {"type": {"any_": ["COMPLETED"]}}}
    return served.ask("POST", "/flow_runs/filter", flow_runs=of)


def test_a_run_that_a_schedule_planned_is_executed(served: Served) -> None:
    served.up()
    every_five_seconds = {"active": True, "schedule": {"interval": 5.0}}
    drift = served.deployment("drift/flowmart-drift-dev")["id"]
    served.ask("PATCH", f"/deployments/{drift}", schedules=[every_five_seconds])
    (schedule,) = served.deployment("drift/flowmart-drift-dev")["schedules"]
    until(lambda: completed(served, schedule["id"]), lambda: processes.log_of(served.layout, "server").read_text())
    assert completed(served, schedule["id"])[0]["auto_scheduled"]
    until(lambda: part(served).state == "ready", lambda: part(served))
    assert judged(served, time.time()) == READY.reason


@pytest.fixture
def broken(served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """A server whose scheduler fails, with a receiver."""
    command = prefect_server.command

    def faulty(*where: Any) -> list[str]:
        return [sys.executable, "-m", "tests.doubles.broken_scheduler", *command(*where)[3:]]

    monkeypatch.setattr(prefect_server, "command", faulty)
    monkeypatch.setenv("FLOWMART_GITHUB_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("FLOWMART_GITHUB_REPOSITORY", REPOSITORY)
    served.up()
    return served


def test_a_scheduler_that_fails_is_told_by_status_and_health(broken: Served) -> None:
    def health() -> Any:
        return httpx.get(f"{part(broken, 'receiver').address}/health", timeout=10, trust_env=False).json()

    assert part(broken).state != "ready"
    until(lambda: health()["status"] == "troubled", health)
    until(lambda: part(broken).state == "fails", lambda: part(broken))
    for reason in (health()["reason"], part(broken).health.reason):
        assert "RuntimeError: the test refuses to insert runs" in reason
        assert f"see {processes.log_of(broken.layout, 'server')}" in reason
        assert "flowmart server down && flowmart server up" in reason
    assert "no runs planned for drift/flowmart-drift-dev, drift/flowmart-drift-staging though" in judged(
        broken, time.time() + GRACE
    )
