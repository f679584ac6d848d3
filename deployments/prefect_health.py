"""Finds out whether the services of a Prefect server work: the scheduler, the one that marks late runs, and others.

Prefect shows a schedule as active even when its scheduler does nothing, and /api/health says yes. So we look at what
the services leave behind: a working scheduler keeps three runs planned for each active schedule, and a run that
nobody starts is soon marked as late. The log, where we have it, tells sooner and about more services.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from deployments import prefect_log
from deployments.services import READY, Finding
from tasks.domain.errors import Unanswered

Ask = Callable[[str, str, Mapping[str, Any] | None], Any]
"""Method, path and body of a question to Prefect's API; its answer. `Unanswered` when there is none."""

LOG_VARIABLE = "FLOWMART_PREFECT_LOG"
"""Tells the receiver where the log of a server of ours is."""

GRACE = 90.0
"""Seconds that a server, and a new schedule, are given. The scheduler looks at all schedules every 60."""

_PLANNED = 3
"""Runs that Prefect keeps planned for a schedule: its PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS."""

_FAR = timedelta(days=33)
"""Prefect plans 100 days ahead: what comes about more seldom than so may have fewer runs planned."""

_REINSTALL = "if it fails again, install the pinned packages again: sh deployments/setup/install.sh"


@dataclass(frozen=True)
class Server:
    """A Prefect server. `log` is its log file, if that is on this machine; `restart` are the commands for that.

    `pool` is the work pool whose deployments count: others' are none of our business. Empty: all of them.
    """

    name: str
    ask: Ask
    log: Path | None = None
    restart: str = ""
    pool: str = ""

    @property
    def chosen(self) -> dict[str, Any]:
        """The part of a question that asks for what counts alone."""
        return {"work_pools": {"name": {"any_": [self.pool]}}} if self.pool else {}


def ours(ask: Ask, log: Path, pool: str) -> Server:
    """The server of `flowmart server`."""
    return Server("ours", ask, log, "flowmart server down && flowmart server up", pool)


def of(api: str, pool: str) -> Server:
    """The server of that API, ours or not."""
    log = os.environ.get(LOG_VARIABLE)
    ask = with_prefects_client(api)
    return ours(ask, Path(log), pool) if log else Server(f"the Prefect server at {api}", ask, pool=pool)


def judge(server: Server, started: float, now: float | None = None) -> Finding:
    """How it is. `started` and `now` are in seconds since the epoch. `Unanswered` when it gives no answer."""
    now = time.time() if now is None else now
    fails = prefect_log.failing(server.log, now) if server.log else []
    last = prefect_log.last(server.log) if server.log else []
    new, missing = _missing(server, now)
    if now - started < GRACE:
        new, missing = [*new, *missing], []
    if fails or missing:
        return _fails(server, [*missing, *(fails or last)])
    return Finding("starting", f"{'; '.join(new)}; it is given {GRACE:g} s") if new else READY


def _fails(server: Server, what: list[str]) -> Finding:
    where = f"see {server.log}" if server.log else f"see the log of {server.name}"
    restart = f"restart Prefect ({server.restart})" if server.restart else "have Prefect restarted"
    return Finding("fails", f"{'; '.join(what)}. What to do: {where}; {restart}; {_REINSTALL}")


def _missing(server: Server, now: float) -> tuple[list[str], list[str]]:
    """What Prefect has not done: what it had no time for yet, and what is overdue."""
    unplanned = list(_unplanned(server, now))
    new = [name for name, since in unplanned if now - since < GRACE]
    overdue = [name for name, since in unplanned if now - since >= GRACE]
    return _no_runs(new, "yet"), [*_no_runs(overdue, "though their schedules are active"), *_unmarked(server, now)]


def _no_runs(deployments: list[str], how: str) -> list[str]:
    return [f"Prefect has no runs planned for {', '.join(sorted(set(deployments)))} {how}"] if deployments else []


def _unplanned(server: Server, now: float) -> Iterator[tuple[str, float]]:
    """Deployments with a schedule whose runs are not planned, and when one of the two was changed last."""
    for deployment in server.ask("POST", "/deployments/filter", server.chosen):
        for schedule in () if deployment["paused"] else deployment["schedules"]:
            if schedule["active"] and _planned(server, schedule["id"], now) < _expected(schedule["schedule"]):
                flow = server.ask("GET", f"/flows/{deployment['flow_id']}", None)["name"]
                yield f"{flow}/{deployment['name']}", max(map(_seconds, (deployment["updated"], schedule["updated"])))


def _planned(server: Server, schedule: str, now: float) -> int:
    """How many runs of a schedule begin later than GRACE ago. Since then the scheduler must have had a turn."""
    runs = {"created_by": {"id_": [schedule]}, "expected_start_time": {"after_": _moment(now - GRACE)}}
    return int(server.ask("POST", "/flow_runs/count", {"flow_runs": runs}))


def _expected(schedule: Mapping[str, Any]) -> int:
    """The fewest runs that Prefect keeps planned for it; 0 where that is unknown, as for @daily or an RRule."""
    if "interval" in schedule:
        return _PLANNED if schedule["interval"] < _FAR.total_seconds() else 0
    _, _, day, month, *_ = f"{schedule.get('cron', '')} ? ? ? ?".split()
    if (day, month) == ("*", "*"):
        return _PLANNED
    return 1 if month == "*" else 0


def _unmarked(server: Server, now: float) -> list[str]:
    """Runs that nobody started and that are not called late."""
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


def at(api: str, auth: str) -> Ask:
    """Asks a server on this machine, without Prefect's client, which takes a second to import.

    `auth` is `user:password`, or empty.
    """
    user, _, password = auth.partition(":")

    def ask(method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        with _as_no_answer():
            given = (user, password) if auth else None
            return _content(httpx.request(method, f"{api}{path}", json=body, auth=given, timeout=10, trust_env=False))

    return ask


def with_prefects_client(api: str) -> Ask:
    """Asks any server, with Prefect's own client: it knows every way to get in."""
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_KEY

    auth, key = PREFECT_API_AUTH_STRING.value(), PREFECT_API_KEY.value()
    client = SyncPrefectClient(api, auth_string=auth, api_key=key, httpx_settings={"timeout": 10.0})

    def ask(method: Any, path: Any, body: Mapping[str, Any] | None) -> Any:
        with _as_no_answer():
            return _content(client.request(method, path, json=body))

    return ask


def _content(answer: httpx.Response) -> Any:
    answer.raise_for_status()
    return answer.json()


@contextmanager
def _as_no_answer() -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, ValueError) as error:
        raise Unanswered(f"{error}" or type(error).__name__) from error
