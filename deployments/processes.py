"""Starts background processes, records them on disk, and stops exactly those, for the sandbox and the server.

A process is recorded by its id and its start time, because the operating system reuses ids. An unrelated process with
a recorded id is left alone. Each process gets its own session. So it survives the command that started it and a
Ctrl-C there, and its children end with it.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from deployments import ports
from tasks import own_folder
from tasks.tool_environment import SYSTEM, kept

_SAME_START = 2.0
"""Seconds by which two readings of a process's start may differ, because the machine's clock is adjusted."""

_KILLED = 10.0
"""Seconds that the operating system may need to end a process that was killed."""


class ProcessLayout(ABC):
    """The files of a group of background processes: the sandbox's, or the server's."""

    @property
    @abstractmethod
    def folder(self) -> Path:
        """Their working folder; everything below it belongs to them."""

    @property
    @abstractmethod
    def lock(self) -> Path:
        """The lock file that is held while processes are started or stopped."""

    @property
    def records(self) -> Path:
        """The folder with one JSON file per started process."""
        return self.folder / "processes"

    @property
    def logs(self) -> Path:
        """The folder with one log file per process; the previous one is kept as `*.log.1`."""
        return self.folder / "logs"

    @property
    def ports(self) -> Path:
        """The file with the last used ports, so that addresses stay the same."""
        return self.folder / "ports.json"


@dataclass(frozen=True)
class Process:
    """A recorded process. `started` is in seconds since the epoch; `port` is on 127.0.0.1, or None."""

    name: str
    pid: int
    started: float
    port: int | None

    @property
    def alive(self) -> bool:
        """True if this same process is still running."""
        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.started) < _SAME_START
            return same and found.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


def listens(process: Process) -> bool:
    """Tell whether the process, or one that it started, listens on its port; True if this cannot be found out."""
    try:
        found = psutil.Process(process.pid)
        family = [found, *found.children(recursive=True)]
        sockets = [each for one in family for each in one.net_connections("tcp")]
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
    return any(each.status == psutil.CONN_LISTEN and each.laddr.port == process.port for each in sockets)


@contextmanager
def alone(layout: ProcessLayout) -> Iterator[None]:
    """Wait for the lock and hold it, so that only one command at a time starts or stops processes."""
    own_folder.made(layout.folder)
    # It holds databases, logs and passwords, and some programs create files that others could read.
    layout.folder.chmod(0o700)
    with layout.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def start(
    layout: ProcessLayout,
    name: str,
    command: Sequence[str],
    port: int | None,
    variables: Mapping[str, str],
    umask: int = -1,
) -> Process:
    """Start a process in the background and record it.

    Args:
        layout: the folders of its record and its log.
        name: the name in its record.
        command: the program and its arguments.
        port: the port that it will listen on, for the record; None if it has none.
        variables: added to its environment.
        umask: of the process; -1 inherits this process's.
    """
    for folder in (layout.logs, layout.records):
        folder.mkdir(parents=True, exist_ok=True)
    with open(_fresh_log(layout, name), "wb", opener=_for_the_owner) as log:
        started = subprocess.Popen(
            list(command),
            cwd=layout.folder,
            env=environment() | dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=umask,
        )
    return recorded(layout, name, started.pid, port)


def recorded(layout: ProcessLayout, name: str, pid: int, port: int | None) -> Process:
    """Record a running process, for `find`."""
    process = Process(name, pid, psutil.Process(pid).create_time(), port)
    layout.records.mkdir(parents=True, exist_ok=True)
    _record(layout, name).write_text(json.dumps(asdict(process)))
    return process


def find(layout: ProcessLayout, name: str) -> Process | None:
    """Return the recorded process of that name, alive or not; None if none was started or it was stopped."""
    try:
        return Process(**json.loads(_record(layout, name).read_text()))
    except FileNotFoundError:
        return None


def end(layout: ProcessLayout, process: Process, gently: float = 8.0) -> None:
    """Stop a process and its session, and remove its record.

    Sends SIGTERM and, if that has no effect within `gently` seconds, SIGKILL.
    """
    if process.alive:
        _send(process, signal.SIGTERM)
        if not _ends_within(process, gently):
            _send(process, signal.SIGKILL)
            _ends_within(process, _KILLED)
    _reap(process.pid)
    _record(layout, process.name).unlink(missing_ok=True)


def _send(process: Process, signal_number: int) -> None:
    """Signal the whole session, or only the process if it runs in the foreground of another session."""
    with suppress(ProcessLookupError):
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal_number)
        else:
            os.kill(process.pid, signal_number)


def log_of(layout: ProcessLayout, name: str) -> Path:
    """Return the log file of the process of that name."""
    return layout.logs / f"{name}.log"


_choosing = threading.Lock()


def free_port(layout: ProcessLayout, name: str, preferred: int = 0) -> int:
    """Choose and record a free port on 127.0.0.1: the one that `name` had last, else `preferred`, else any.

    No two names of a layout have the same port, even if neither listens yet.
    """
    with _choosing:
        remembered = json.loads(layout.ports.read_text()) if layout.ports.exists() else {}
        wanted = remembered.get(name, preferred)
        given = {port for other, port in remembered.items() if other != name}
        usable = wanted and wanted not in given and ports.is_free(wanted)
        port = wanted if usable else ports.free(given)
        layout.ports.parent.mkdir(parents=True, exist_ok=True)
        layout.ports.write_text(json.dumps(remembered | {name: port}))
        return port


def _ends_within(process: Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while process.alive and time.monotonic() < deadline:
        time.sleep(0.02)
    _reap(process.pid)
    return not process.alive


def _reap(pid: int) -> None:
    """Collect the exit status of a child process, which would stay a zombie otherwise."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def environment() -> dict[str, str]:
    """Return the variables that every process gets: the system's, and the path of our code."""
    project = str(Path(__file__).resolve().parents[1])
    return kept(os.environ, SYSTEM) | {"PYTHONPATH": project, "PYTHONUNBUFFERED": "1"}


def _fresh_log(layout: ProcessLayout, name: str) -> Path:
    log = log_of(layout, name)
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))
    return log


def _for_the_owner(path: str, flags: int) -> int:
    """Open a file that only its owner may read."""
    return os.open(path, flags, 0o600)


def _record(layout: ProcessLayout, name: str) -> Path:
    return layout.records / f"{name}.json"
