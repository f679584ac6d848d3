"""How a process that stays is started once, and when it is ready: what sandbox and server have in common.

Which processes there are, and what each is asked to find out whether it works, is told by their own `parts`.
"""

from __future__ import annotations

import http.client
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

from deployments import processes
from deployments.processes import Layout, Process
from tasks.domain.errors import Unanswered

L = TypeVar("L", bound=Layout)

_LAST_LINES = 15

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Whatever proxy the user has is not asked for what is on this machine."""


@dataclass(frozen=True)
class Finding:
    """The state of a process that answers. `reason` says what is wrong and what to do; empty when it is ready."""

    state: Literal["ready", "starting", "fails"] = "ready"
    reason: str = ""


READY = Finding()


def nothing_more(_: object, __: object) -> Finding:
    """What is to be said of a process that does all that it is there for when it answers."""
    return READY


@dataclass(frozen=True)
class Kind(Generic[L]):
    """One kind of process. `answers` asks it once; `patience` is how long its start may take, in seconds; `port`
    is where it listens if that is free; `examine` finds out whether one that answers does what it is there for.
    `private`: the files that it makes are its owner's alone.
    """

    name: str
    command: Callable[[L, int | None], list[str]]
    variables: Callable[[L, int | None], Mapping[str, str]]
    answers: Callable[[L, int | None], bool]
    patience: float
    listens: bool = True
    port: int = 0
    examine: Callable[[L, Process], Finding] = nothing_more
    private: bool = False


@dataclass(frozen=True)
class Part:
    """What `status` says of one process. `port` is on 127.0.0.1; `log` is where it writes; `url` says where somebody
    else's is. `healthy`: it answers, and does what it is there for.
    """

    name: str
    pid: int | None
    port: int | None
    healthy: bool
    log: Path
    finding: Finding = READY
    url: str = ""

    @property
    def state(self) -> str:
        """How it is, in words."""
        if self.pid is None and not self.url:
            return "not running"
        if self.healthy or self.finding != READY:
            return self.finding.state
        return f"does not answer; see {self.log}"

    @property
    def address(self) -> str:
        """Where it listens, or a dash."""
        return f"http://127.0.0.1:{self.port}" if self.port and self.pid else self.url or "-"


def part(layout: L, kind: Kind[L]) -> Part:
    """Look at the process of this kind."""
    process = processes.find(layout, kind.name)
    alive = process if process and process.alive else None
    pid, port = (alive.pid, alive.port) if alive else (None, None)
    answers, log = is_healthy(layout, kind, alive), processes.log_of(layout, kind.name)
    finding = _examined(layout, kind, alive) if alive and answers else READY
    return Part(kind.name, pid, port, answers and finding == READY, log, finding)


def _examined(layout: L, kind: Kind[L], process: Process) -> Finding:
    try:
        return kind.examine(layout, process)
    except Unanswered as error:
        return Finding("fails", f"it does not say how it is: {error}; see {processes.log_of(layout, kind.name)}")


def ensure_started(layout: L, kind: Kind[L]) -> tuple[Process, bool]:
    """The process of this kind, started if it does not run or does not answer; and whether it was started now."""
    found = processes.find(layout, kind.name)
    if found and answers_soon(layout, kind, found):
        return found, False
    if found:
        processes.end(layout, found)
    port = processes.free_port(layout, kind.name, kind.port) if kind.listens else None
    command, variables = kind.command(layout, port), kind.variables(layout, port)
    return processes.start(layout, kind.name, command, port, variables, 0o077 if kind.private else -1), True


def wait_until_ready(layout: L, kind: Kind[L], process: Process) -> None:
    """Return when the process answers. `Unanswered`, with the end of its log, when it ends or takes too long."""
    deadline = time.monotonic() + kind.patience
    while not kind.answers(layout, process.port):
        if not process.alive:
            raise _failed(layout, kind, "ended while it was being started")
        if time.monotonic() > deadline:
            raise _failed(layout, kind, f"did not answer within {kind.patience:g} s")
        time.sleep(0.1)


def answers_soon(layout: L, kind: Kind[L], process: Process) -> bool:
    """A process that runs may still be starting, or be busy: it gets a few seconds before it is given up."""
    deadline = time.monotonic() + min(kind.patience, 20.0)
    while process.alive and time.monotonic() < deadline:
        if kind.answers(layout, process.port):
            return True
        time.sleep(0.2)
    return False


def is_healthy(layout: L, kind: Kind[L], process: Process | None) -> bool:
    """Whether the process runs and answers, asked once."""
    return process is not None and process.alive and kind.answers(layout, process.port)


def _failed(layout: L, kind: Kind[L], what: str) -> Unanswered:
    log = processes.log_of(layout, kind.name)
    lines = log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
    return Unanswered("\n".join([f"{kind.name} {what}; the end of {log}:", *lines]))


def gets(path: str) -> Callable[[object, int | None], bool]:
    """A question: is this path of the process answered with success?"""

    def answers(_: object, port: int | None) -> bool:
        try:
            _DIRECT.open(f"http://127.0.0.1:{port}{path}", timeout=5).close()
        except (OSError, http.client.HTTPException):
            return False
        return True

    return answers
