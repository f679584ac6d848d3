"""Starts processes that stay, remembers them on disk, and ends exactly those: for the sandbox and for the server.

A process is remembered by its id and by when it started: ids are used again by the operating system, and a
stranger that has an id which was ours is left alone. Processes get a session of their own, so that they outlive
the command that started them and a Ctrl-C there, and so that what they start themselves ends with them.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from tasks.tool_environment import SYSTEM, kept

_SAME_START = 2.0
"""Seconds by which two readings of one process's start may differ: the machine's clock is corrected at times."""

_HARD = 10.0
"""Seconds that the operating system may need to end a process that it was told to kill."""


class Layout(ABC):
    """Where the processes of one house keep what they have."""

    @property
    @abstractmethod
    def folder(self) -> Path:
        """What they are started in; everything below is the house's own."""

    @property
    @abstractmethod
    def lock(self) -> Path:
        """Held while they are being started or stopped."""

    @property
    def records(self) -> Path:
        """One JSON file for each process that was started."""
        return self.folder / "processes"

    @property
    def logs(self) -> Path:
        """One log file a process; the earlier run's is kept as `*.log.1`."""
        return self.folder / "logs"

    @property
    def ports(self) -> Path:
        """The ports that were used last, so that addresses stay what they were."""
        return self.folder / "ports.json"


@dataclass(frozen=True)
class Process:
    """A process that we started: `started` in seconds since the epoch, `port` on 127.0.0.1 where it has one."""

    name: str
    pid: int
    started: float
    port: int | None

    @property
    def alive(self) -> bool:
        """Whether this very process is still running."""
        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.started) < _SAME_START
            return same and found.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


@contextmanager
def alone(layout: Layout) -> Iterator[None]:
    """Only one at a time starts or stops: the second waits."""
    layout.folder.mkdir(parents=True, exist_ok=True)
    # Databases, logs and passwords are in here: nobody else enters, whatever the mode of a file that a program makes.
    layout.folder.chmod(0o700)
    with layout.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def start(
    layout: Layout,
    name: str,
    command: Sequence[str],
    port: int | None,
    variables: Mapping[str, str],
    umask: int = -1,
) -> Process:
    """Start `command` in the background, its output in the log of `name`, and remember it.

    Args:
        umask: of the process; -1: what this one has.
    """
    for folder in (layout.logs, layout.records):
        folder.mkdir(parents=True, exist_ok=True)
    with open(_fresh_log(layout, name), "wb", opener=_for_the_owner) as log:
        started = subprocess.Popen(
            list(command),
            cwd=layout.folder,
            env=_environment() | dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=umask,
        )
    process = Process(name, started.pid, psutil.Process(started.pid).create_time(), port)
    _record(layout, name).write_text(json.dumps(asdict(process)))
    return process


def find(layout: Layout, name: str) -> Process | None:
    """The process of that name which was started last, alive or not; `None` when there was none or it was ended."""
    try:
        return Process(**json.loads(_record(layout, name).read_text()))
    except FileNotFoundError:
        return None


def end(layout: Layout, process: Process, gently: float = 8.0) -> None:
    """End the process and its session, and forget it: SIGTERM, and after `gently` seconds SIGKILL."""
    if process.alive:
        os.killpg(process.pid, signal.SIGTERM)
        if not _gone_within(process, gently):
            os.killpg(process.pid, signal.SIGKILL)
            _gone_within(process, _HARD)
    _reap(process.pid)
    _record(layout, process.name).unlink(missing_ok=True)


def log_of(layout: Layout, name: str) -> Path:
    """The log that the process of that name writes."""
    return layout.logs / f"{name}.log"


def free_port(layout: Layout, name: str, preferred: int = 0) -> int:
    """The port that `name` had last, or `preferred`, if it is free, else one that is; remembered from now on."""
    remembered = json.loads(layout.ports.read_text()) if layout.ports.exists() else {}
    port = _bindable(remembered.get(name, preferred)) or _bindable(0)
    layout.ports.parent.mkdir(parents=True, exist_ok=True)
    layout.ports.write_text(json.dumps(remembered | {name: port}))
    return port


def _bindable(port: int) -> int:
    """`port`, or any port for 0, when it can be bound on 127.0.0.1; 0 when it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    return 0


def _gone_within(process: Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while process.alive and time.monotonic() < deadline:
        time.sleep(0.02)
    _reap(process.pid)
    return not process.alive


def _reap(pid: int) -> None:
    """Take the exit status of a child of ours, which would stay a zombie otherwise."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _environment() -> dict[str, str]:
    project = str(Path(__file__).resolve().parents[1])
    return kept(os.environ, SYSTEM) | {"PYTHONPATH": project, "PYTHONUNBUFFERED": "1"}


def _fresh_log(layout: Layout, name: str) -> Path:
    log = log_of(layout, name)
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))
    return log


def _for_the_owner(path: str, flags: int) -> int:
    """Opens a file that only its owner may read."""
    return os.open(path, flags, 0o600)


def _record(layout: Layout, name: str) -> Path:
    return layout.records / f"{name}.json"
