"""Finds in the log of a Prefect server which of its services fail.

Prefect has no API for this: a service that fails on every run only writes to the log.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

DATE_FORMAT = "%Y-%m-%d %H:%M:%S"
"""The date at the start of the server's log lines.

Prefect's default has no date: yesterday's failures would look like today's.
"""

_END_OF_LOG = 512 * 1024
"""Bytes that are read from the end of the log. A failure with its traceback takes about 5,000."""

_LINE = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\.\d+ \| (?P<level>\w+) +\| (?P<logger>\S+) - (?P<said>.*)"
)
_TASK = re.compile(r"\S+ \[.*?\] (?P<name>\w+)\(")
"""How docket, which runs the services, logs a call: the duration, then the function."""

_SERVICE_LOGGERS = ("prefect.server.services.", "prefect.server.events.")

_TURNS = 2.5
"""A service fails if its last two failures are recent and close together: within this many periods.

A single failure, such as a busy database, is recovered by the next run.
"""


@dataclass(frozen=True)
class PrefectService:
    """A service of the Prefect server: what it does, and its period in seconds."""

    what: str
    period: float


_SERVICES: Mapping[str, PrefectService] = {
    "schedule_deployments": PrefectService("the scheduler", 60),
    "schedule_recent_deployments": PrefectService("the scheduler", 5),
    "monitor_late_runs": PrefectService("the service that marks late runs", 5),
    "monitor_worker_health": PrefectService("the service that looks after workers", 15),
    "evaluate_proactive_triggers_periodic": PrefectService("the service for automations", 5),
    "monitor_expired_pauses": PrefectService("the service that ends expired pauses", 5),
    "monitor_expired_leases": PrefectService("the service that frees expired leases", 15),
    "monitor_cancelled_flow_runs": PrefectService("the service that cancels runs", 20),
    "monitor_subflow_runs": PrefectService("the service that cancels subflow runs", 20),
    "schedule_vacuum_tasks": PrefectService("the service that deletes old runs", 3600),
    "schedule_event_vacuum_tasks": PrefectService("the service that deletes old events", 3600),
    "schedule_orphan_vacuum_tasks": PrefectService("the service that deletes orphaned logs", 86400),
}
_OTHER_PERIOD = 60.0


@dataclass(frozen=True)
class Failure:
    """One failure of a service. `at` is in seconds since the epoch."""

    service: str
    at: float
    reason: str


def failing(log: Path, now: float) -> list[str]:
    """Return a sentence for each service that fails now; empty if none does. `now` is in seconds since the epoch."""
    by_service: dict[str, list[Failure]] = defaultdict(list)
    for failure in _failures(_end_of(log)):
        by_service[failure.service].append(failure)
    return [_sentence(found[-1]) for found in by_service.values() if _goes_on(found, now)]


def last(log: Path) -> list[str]:
    """Return the last failure of any service as a sentence, the likely reason if runs are missing; empty if none."""
    return [_sentence(failure) for failure in list(_failures(_end_of(log)))[-1:]]


def _goes_on(found: Sequence[Failure], now: float) -> bool:
    if len(found) < 2:
        return False
    patience = _TURNS * _service(found[-1].service).period
    return now - found[-1].at < patience and found[-1].at - found[-2].at < patience


def _sentence(failure: Failure) -> str:
    at = datetime.fromtimestamp(failure.at).strftime(DATE_FORMAT)
    return f"{_service(failure.service).what} failed at {at} ({failure.service}): {failure.reason}"


def _service(name: str) -> PrefectService:
    return _SERVICES.get(name, PrefectService(f"the service {name}", _OTHER_PERIOD))


def _failures(lines: Sequence[str]) -> Iterator[Failure]:
    for found, more in _entries(lines):
        name = _name_of(found)
        if name and found["level"] in ("ERROR", "CRITICAL"):
            at = datetime.strptime(found["at"], DATE_FORMAT).timestamp()
            yield Failure(name, at, _reason(more) or found["said"])


def _entries(lines: Sequence[str]) -> Iterator[tuple[re.Match[str], list[str]]]:
    """Yield each entry of the log, with the lines up to the next one: the traceback."""
    last: tuple[re.Match[str], list[str]] | None = None
    for line in lines:
        if found := _LINE.fullmatch(line):
            if last:
                yield last
            last = found, []
        elif last:
            last[1].append(line)
    if last:
        yield last


def _reason(traceback: Sequence[str]) -> str:
    """Return the exception: the last line that is not indented. SQLAlchemy indents or brackets its additions."""
    lines = [line for line in traceback if line and line[0].isalpha() and not line.startswith("Traceback")]
    return lines[-1] if lines else ""


def _name_of(found: re.Match[str]) -> str:
    """Return the service that wrote an entry; empty if none did."""
    if found["logger"].startswith(_SERVICE_LOGGERS):
        return found["logger"].rpartition(".")[2]
    task = _TASK.match(found["said"]) if found["logger"].startswith("docket.") else None
    return task["name"] if task else ""


def _end_of(log: Path) -> list[str]:
    try:
        with log.open("rb") as opened:
            opened.seek(max(0, log.stat().st_size - _END_OF_LOG))
            return opened.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []
