"""Checks whether the services of a Prefect server work: the scheduler, the one that marks late runs, and others.

Prefect shows a schedule as active and /api/health as healthy even if the scheduler does nothing. So this module
checks the effects. A working scheduler keeps three runs planned for each active schedule, and a run that is not
started is soon marked as late. The server's log, if it is on this machine, shows more failures, and sooner.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from deployments import prefect_log
from deployments.services import READY, ServiceHealth
from tasks.domain.errors import Unanswered

Ask = Callable[[str, str, Mapping[str, Any] | None], Any]
"""Sends a request (method, path, body) to Prefect's API and returns the response's JSON; raises `Unanswered`."""

LOG_VARIABLE = "FLOWMART_PREFECT_LOG"
"""The variable with which `flowmart server` gives the receiver the path of the Prefect server's log."""

GRACE = 90.0
"""Seconds before a new server or schedule is judged. The scheduler checks all schedules every 60."""

_PLANNED = 3
"""Runs that Prefect keeps planned for a schedule: PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS."""

_FAR = timedelta(days=33)
"""Prefect plans 100 days ahead, so a schedule with a longer interval than this may have fewer runs planned."""

_RARE = re.compile("[#L]")
"""Marks a weekday as the fifth or last of a month, which may occur fewer than three times in 100 days."""

_REINSTALL = "if it fails again, reinstall the pinned packages (sh deployments/setup/install.sh)"


@dataclass(frozen=True)
class Server:
    """A Prefect server.

    Attributes:
        name: for messages.
        ask: sends a request to its API.
        log: its log file, if that is on this machine.
        restart: the commands that restart it; "" if they are not known.
        pool: the work pool whose deployments are checked; "" for all.
    """

    name: str
    ask: Ask
    log: Path | None = None
    restart: str = ""
    pool: str = ""

    @property
    def chosen(self) -> dict[str, Any]:
        """The filter for Prefect's API that selects the work pool."""
        return {"work_pools": {"name": {"any_": [self.pool]}}} if self.pool else {}


def local_server(ask: Ask, log: Path, pool: str) -> Server:
    """Return the server that `flowmart server` runs."""
    return Server("flowmart server", ask, log, "flowmart server down && flowmart server up", pool)


def server_at(api: str, pool: str) -> Server:
    """Return the server at an API address: the local one if `LOG_VARIABLE` is set, otherwise a remote one."""
    log = os.environ.get(LOG_VARIABLE)
    ask = with_prefects_client(api)
    return local_server(ask, Path(log), pool) if log else Server(f"the Prefect server at {api}", ask, pool=pool)


def judge(server: Server, started: float, now: float | None = None) -> ServiceHealth:
    """Judge the health of a server.

    Args:
        server: the server.
        started: its start time, in seconds since the epoch.
        now: the current time, in seconds since the epoch; by default the clock's.

    Raises:
        Unanswered: the server does not respond.
    """
    now = time.time() if now is None else now
    fails = prefect_log.failing(server.log, now) if server.log else []
    last = prefect_log.last(server.log) if server.log else []
    new, missing = _missing(server, now)
    if now - started < GRACE:
        new, missing = [*new, *missing], []
    if fails or missing:
        return _fails(server, [*missing, *(fails or last)])
    return ServiceHealth("starting", f"{'; '.join(new)}; checked again after {GRACE:g} s") if new else READY


def _fails(server: Server, what: list[str]) -> ServiceHealth:
    where = f"see {server.log}" if server.log else f"see the log of {server.name}"
    restart = f"restart Prefect ({server.restart})" if server.restart else "ask its operator to restart Prefect"
    return ServiceHealth("fails", f"{'; '.join(what)}. What to do: {where}; {restart}; {_REINSTALL}")


def _missing(server: Server, now: float) -> tuple[list[str], list[str]]:
    """Return messages about missing work of Prefect: first what is not due yet, then what is overdue."""
    unplanned = list(_unplanned(server, now))
    new = [name for name, since in unplanned if now - since < GRACE]
    overdue = [name for name, since in unplanned if now - since >= GRACE]
    return _no_runs(new, "yet"), [*_no_runs(overdue, "though their schedules are active"), *_unmarked(server, now)]


def _no_runs(deployments: list[str], how: str) -> list[str]:
    return [f"Prefect has no runs planned for {', '.join(sorted(set(deployments)))} {how}"] if deployments else []


def _unplanned(server: Server, now: float) -> Iterator[tuple[str, float]]:
    """Yield deployments with too few planned runs, and when the deployment or its schedule last changed."""
    for deployment in server.ask("POST", "/deployments/filter", server.chosen):
        for schedule in () if deployment["paused"] else deployment["schedules"]:
            if schedule["active"] and _planned(server, schedule["id"], now) < _expected(schedule["schedule"]):
                flow = server.ask("GET", f"/flows/{deployment['flow_id']}", None)["name"]
                yield f"{flow}/{deployment['name']}", max(map(_seconds, (deployment["updated"], schedule["updated"])))


def _planned(server: Server, schedule: str, now: float) -> int:
    """Count a schedule's runs that start later than `GRACE` ago; the scheduler must have run since then."""
    runs = {"created_by": {"id_": [schedule]}, "expected_start_time": {"after_": _moment(now - GRACE)}}
    return int(server.ask("POST", "/flow_runs/count", {"flow_runs": runs}))


def _expected(schedule: Mapping[str, Any]) -> int:
    """Return the fewest runs that Prefect keeps planned for a schedule; 0 if unknown, as for @daily or an RRule."""
    if "interval" in schedule:
        return _PLANNED if schedule["interval"] < _FAR.total_seconds() else 0
    _, _, day, month, weekday, *_ = f"{schedule.get('cron', '')} ? ? ? ? ?".split()
    if (day, month) == ("*", "*") and not _RARE.search(weekday):
        return _PLANNED
    return 1 if month == "*" else 0


def _unmarked(server: Server, now: float) -> list[str]:
    """Return a message if runs are overdue but neither started nor marked as late."""
    state = {"name": {"any_": ["Scheduled"]}}
    due = {"state": state, "next_scheduled_start_time": {"before_": _moment(now - GRACE)}}
    number = int(server.ask("POST", "/flow_runs/count", {"flow_runs": due, **server.chosen}))
    return (
        [f"{number} runs that were due over {GRACE:g} s ago are neither started nor marked as late"] if number else []
    )


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def with_httpx(api: str, auth: str) -> Ask:
    """Return a function that sends requests to a server on this machine.

    It avoids Prefect's client, which takes a second to import. `auth` is `user:password`, or empty.
    """
    user, _, password = auth.partition(":")

    def ask(method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        with _as_unanswered():
            given = (user, password) if auth else None
            return _content(httpx.request(method, f"{api}{path}", json=body, auth=given, timeout=10, trust_env=False))

    return ask


def with_prefects_client(api: str) -> Ask:
    """Return a function that sends requests to any server.

    It uses Prefect's own client, which supports every kind of authentication.
    """
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_KEY

    auth, key = PREFECT_API_AUTH_STRING.value(), PREFECT_API_KEY.value()
    client = SyncPrefectClient(api, auth_string=auth, api_key=key, httpx_settings={"timeout": 10.0})

    def ask(method: Any, path: Any, body: Mapping[str, Any] | None) -> Any:
        with _as_unanswered():
            return _content(client.request(method, path, json=body))

    return ask


def _content(answer: httpx.Response) -> Any:
    answer.raise_for_status()
    return answer.json()


@contextmanager
def _as_unanswered() -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, ValueError) as error:
        raise Unanswered(f"{error}" or type(error).__name__) from error
