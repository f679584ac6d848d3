"""Starts services and checks whether they are ready and healthy, for the sandbox and the server.

The `parts` modules of the sandbox and of the server declare the services and their checks.
"""

from __future__ import annotations

import http.client
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

from deployments import ports, processes
from deployments.processes import Process, ProcessLayout
from tasks.domain.errors import Unanswered

L = TypeVar("L", bound=ProcessLayout)

_LAST_LINES = 15

_RESTARTS = 2
"""How often a service is started again because another program took the port that was chosen for it."""

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Opens URLs without the user's proxy, because all of them are on this machine."""


@dataclass(frozen=True)
class ServiceHealth:
    """The health of a service that responds. `reason` is the problem and its remedy; empty if it is ready."""

    state: Literal["ready", "starting", "fails"] = "ready"
    reason: str = ""


READY = ServiceHealth()


def ready_if_it_responds(_: object, __: object) -> ServiceHealth:
    """Return the health of a service that is healthy if it responds."""
    return READY


@dataclass(frozen=True)
class ServiceKind(Generic[L]):
    """How one service is started and checked.

    Attributes:
        name: the name in its process's record.
        command: returns the program and its arguments.
        variables: returns what is added to its environment.
        answers: tells whether it responds, in one attempt.
        patience: seconds that its start may take.
        listens: whether it needs a port.
        port: the preferred port; 0 for any.
        examine: returns the health of a service that responds.
        private: whether only their owner can read the files that it creates.
    """

    name: str
    command: Callable[[L, int | None], list[str]]
    variables: Callable[[L, int | None], Mapping[str, str]]
    answers: Callable[[L, int | None], bool]
    patience: float
    listens: bool = True
    port: int = 0
    examine: Callable[[L, Process], ServiceHealth] = ready_if_it_responds
    private: bool = False


@dataclass(frozen=True)
class Part:
    """The status of one service, for people.

    Attributes:
        name: of the service.
        pid: of its process; None if it does not run.
        port: on 127.0.0.1; None if it has none or does not run.
        healthy: whether it responds and its health is ready.
        log: its log file.
        health: the health, if it responds.
        url: the address of a service that runs elsewhere; "" for one of this machine.
        started: whether it was started here and not stopped since, by a person.
    """

    name: str
    pid: int | None
    port: int | None
    healthy: bool
    log: Path
    health: ServiceHealth = READY
    url: str = ""
    started: bool = True

    @property
    def state(self) -> str:
        """Its state in words."""
        if self.pid is None and not self.url:
            return "not running"
        if self.healthy or self.health != READY:
            return self.health.state
        return f"does not respond; see {self.log}"

    @property
    def address(self) -> str:
        """Its URL; a dash if it has none."""
        return f"http://127.0.0.1:{self.port}" if self.port and self.pid else self.url or "-"


def part(layout: L, kind: ServiceKind[L]) -> Part:
    """Return the current status of a service."""
    process = processes.find(layout, kind.name)
    alive = process if process and process.alive else None
    pid, port = (alive.pid, alive.port) if alive else (None, None)
    answers, log = is_healthy(layout, kind, alive), processes.log_of(layout, kind.name)
    health = _examined(layout, kind, alive) if alive and answers else READY
    return Part(kind.name, pid, port, answers and health == READY, log, health, started=process is not None)


def _examined(layout: L, kind: ServiceKind[L], process: Process) -> ServiceHealth:
    try:
        return kind.examine(layout, process)
    except Unanswered as error:
        return ServiceHealth(
            "fails", f"its health cannot be read: {error}; see {processes.log_of(layout, kind.name)}"
        )


def ensure_started(layout: L, kind: ServiceKind[L]) -> tuple[Process, bool]:
    """Start a service unless it runs and responds; a process that does not respond is restarted.

    Returns:
        The process, and whether it was started now.
    """
    found = processes.find(layout, kind.name)
    if found and answers_soon(layout, kind, found):
        return found, False
    if found:
        processes.end(layout, found)
    return _start(layout, kind), True


def _start(layout: L, kind: ServiceKind[L]) -> Process:
    port = processes.free_port(layout, kind.name, kind.port) if kind.listens else None
    command, variables = kind.command(layout, port), kind.variables(layout, port)
    return processes.start(layout, kind.name, command, port, variables, 0o077 if kind.private else -1)


def wait_until_ready(layout: L, kind: ServiceKind[L], process: Process) -> Process:
    """Wait until the service responds; start it again on another port if another program took its port meanwhile.

    Returns:
        The process that responds: the given one, or the one that was started instead.

    Raises:
        Unanswered: it ended or took too long; the message has the end of its log.
    """
    restarts = 0
    while not _responds(layout, kind, process):
        if restarts == _RESTARTS or process.port is None or ports.is_free(process.port):
            raise _failed(layout, kind, "ended while it was being started")
        process, restarts = _start(layout, kind), restarts + 1
    return process


def _responds(layout: L, kind: ServiceKind[L], process: Process) -> bool:
    """Wait until the service responds; return False if its process ended.

    Another program that listens on its port may respond, too, while the process is still starting.

    Raises:
        Unanswered: it took too long.
    """
    deadline = time.monotonic() + kind.patience
    while process.alive:
        if kind.answers(layout, process.port) and (process.port is None or processes.listens(process)):
            return True
        if time.monotonic() > deadline:
            raise _failed(layout, kind, f"did not respond within {kind.patience:g} s")
        time.sleep(0.1)
    return False


def answers_soon(layout: L, kind: ServiceKind[L], process: Process) -> bool:
    """Tell whether the service responds within seconds, because it may still be starting or be busy."""
    deadline = time.monotonic() + min(kind.patience, 20.0)
    while process.alive and time.monotonic() < deadline:
        if kind.answers(layout, process.port):
            return True
        time.sleep(0.2)
    return False


def is_healthy(layout: L, kind: ServiceKind[L], process: Process | None) -> bool:
    """Tell whether the service runs and responds, in one attempt."""
    return process is not None and process.alive and kind.answers(layout, process.port)


def _failed(layout: L, kind: ServiceKind[L], what: str) -> Unanswered:
    log = processes.log_of(layout, kind.name)
    lines = log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
    return Unanswered("\n".join([f"{kind.name} {what}; the end of {log}:", *lines]))


def gets(path: str) -> Callable[[object, int | None], bool]:
    """Return a check for `ServiceKind.answers`: whether a GET of this path succeeds."""

    def answers(_: object, port: int | None) -> bool:
        try:
            _DIRECT.open(f"http://127.0.0.1:{port}{path}", timeout=5).close()
        except (OSError, http.client.HTTPException):
            return False
        return True

    return answers
