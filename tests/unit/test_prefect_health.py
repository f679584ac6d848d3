"""When a Prefect server is called ready, starting, or failing, by what it has planned and by its log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deployments.prefect_health import GRACE, Server, judge
from deployments.services import READY

NOW = 1_800_000_000.0
LONG_AGO = NOW - 10_000.0


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


@dataclass
class Prefect:
    """What a Prefect server answers: one deployment, with one schedule."""

    planned: int = 0
    unmarked: int = 0
    active: bool = True
    paused: bool = False
    changed: float = LONG_AGO
    updated: float = LONG_AGO
    schedule: Mapping[str, Any] = field(default_factory=lambda: {"cron": "13 * * * *"})

    def ask(self, _: str, path: str, body: Mapping[str, Any] | None) -> Any:
        if path == "/deployments/filter":
            schedule = {"id": "s", "active": self.active, "updated": moment(self.changed), "schedule": self.schedule}
            shown = {"flow_id": "f", "name": "dev", "paused": self.paused, "updated": moment(self.updated)}
            return [{**shown, "schedules": [schedule]}]
        if path == "/flow_runs/count":
            return self.planned if body and "created_by" in body["flow_runs"] else self.unmarked
        assert path == "/flows/f"
        return {"name": "drift"}


def state(prefect: Prefect, started: float = LONG_AGO) -> str:
    return judge(Server("flowmart server", prefect.ask), started, NOW).state


def test_three_planned_runs_are_what_a_scheduler_that_works_leaves_behind() -> None:
    assert state(Prefect(planned=3)) == "ready"
    assert state(Prefect(planned=2)) == "fails"


@pytest.mark.parametrize("name", ["changed", "updated"])
def test_a_new_schedule_is_given_time_and_not_called_ready(name: str) -> None:
    assert state(Prefect(**{name: NOW - GRACE + 1})) == "starting"
    assert state(Prefect(**{name: NOW - GRACE})) == "fails"


def test_a_new_server_is_given_time_and_not_called_ready() -> None:
    assert state(Prefect(), NOW - GRACE + 1) == "starting"
    assert state(Prefect(), NOW - GRACE) == "fails"
    assert state(Prefect(planned=3), NOW - 1) == "ready"


def test_a_schedule_that_is_off_needs_no_runs() -> None:
    assert state(Prefect(active=False)) == "ready"
    assert state(Prefect(paused=True)) == "ready"


@pytest.mark.parametrize(
    ("schedule", "fewest"),
    [
        ({"cron": "0 5 * * 1"}, 3),
        ({"cron": "0 5 31 * *"}, 1),
        ({"cron": "0 5 * * fri#5"}, 1),
        ({"cron": "0 5 * * L5"}, 1),
        ({"cron": "0 5 1 1 *"}, 0),
        ({"cron": "@yearly"}, 0),
        ({"rrule": "FREQ=DAILY;COUNT=1"}, 0),
        ({"interval": 3600.0}, 3),
        ({"interval": 86400.0 * 60}, 0),
    ],
)
def test_a_schedule_that_is_seldom_due_may_have_few_runs(schedule: Mapping[str, Any], fewest: int) -> None:
    assert state(Prefect(fewest, schedule=schedule)) == "ready"
    assert fewest == 0 or state(Prefect(fewest - 1, schedule=schedule)) == "fails"


def test_runs_that_nobody_marks_as_late_are_told() -> None:
    found = judge(Server("flowmart server", Prefect(planned=3, unmarked=4).ask), LONG_AGO, NOW)
    assert found.reason.startswith("4 runs that were due over 90 s ago are neither started nor marked as late. ")


def test_what_is_wrong_names_the_log_and_what_to_do(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text(failure(NOW - 30, "schedule_deployments"))
    found = judge(Server("flowmart server", Prefect().ask, log, "flowmart server up"), LONG_AGO, NOW)
    assert found.reason == (
        "Prefect has no runs planned for drift/dev though their schedules are active; "
        f"the scheduler failed at {local(NOW - 30)} (schedule_deployments): sqlite3.OperationalError: no. "
        f"What to do: see {log}; restart Prefect (flowmart server up); "
        "if it fails again, reinstall the pinned packages (sh deployments/setup/install.sh)"
    )


def test_a_server_elsewhere_is_named() -> None:
    found = judge(Server("the Prefect server at http://there/api", Prefect().ask), LONG_AGO, NOW)
    assert (
        "see the log of the Prefect server at http://there/api; ask its operator to restart Prefect; " in found.reason
    )


def local(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")


def failure(at: float, service: str, logger: str = "docket.dependencies", level: str = "ERROR") -> str:
    """As Prefect 3.8 writes it."""
    return (
        f"{local(at)}.600 | {level:7} | {logger} - ↩ [    46ms] {service}(){{{service}}}\n"
        "Traceback (most recent call last):\n"
        '  File "/docket/worker.py", line 1134, in _execute\n'
        "    result = await execution.function(\n"
        "sqlite3.OperationalError: no\n"
        "[SQL: SELECT 1]\n"
    )


def told(log: Path, *entries: str) -> str:
    log.write_text("  banner\n\n" + "".join(entries))
    return judge(Server("flowmart server", Prefect(planned=3).ask, log), LONG_AGO, NOW).state


@pytest.mark.parametrize(
    ("service", "turns"), [("monitor_late_runs", 5), ("schedule_deployments", 60), ("new_in_prefect", 60)]
)
def test_a_service_fails_that_failed_in_its_last_two_turns(tmp_path: Path, service: str, turns: int) -> None:
    log, turn = tmp_path / "log", float(turns)
    assert told(log, failure(NOW - turn - 1, service), failure(NOW - 1, service)) == "fails"
    assert told(log, failure(NOW - 4 * turn, service), failure(NOW - 3 * turn, service)) == "ready"
    assert told(log, failure(NOW - 4 * turn, service), failure(NOW - 1, service)) == "ready"


def test_one_failure_alone_is_made_up_for(tmp_path: Path) -> None:
    assert told(
        tmp_path / "log", failure(NOW - 2, "monitor_late_runs"), failure(NOW - 1, "monitor_worker_health")
    ) == ("ready")


def test_requests_and_warnings_are_no_failures_of_a_service(tmp_path: Path) -> None:
    quiet = [failure(NOW - 1, "monitor_late_runs", level="WARNING")] * 2
    request = [failure(NOW - 1, "x", logger="prefect.server.api.server")] * 2
    assert told(tmp_path / "log", *quiet, *request) == "ready"


def test_a_log_that_is_not_there_yet_tells_nothing(tmp_path: Path) -> None:
    assert judge(Server("flowmart server", Prefect(planned=3).ask, tmp_path / "no.log"), LONG_AGO, NOW) == READY
