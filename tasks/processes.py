"""Runs programs: the only module that starts a process.

`Processes` belongs to one run. Cancelling that run ends the tools it started and no other's, and each command sees
only the variables that are kept for tools (`tasks.tool_environment`) and those it is given.

Every command is a list, has a time limit and a session of its own, so that Ctrl-C on the terminal does not reach
the tool directly. A tool is ended as a terminal does it: SIGINT once to its whole process group. Terraform then
finishes the current operation and saves its state; its plugins ignore the signal (as HashiCorp's go-plugin does), and
what a provisioner started gets it too. Packer runs itself as a child and leaves the signal to that. What is left of
the session after `GRACE` gets SIGKILL.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from tasks.domain.errors import InvalidInput, Unanswered
from tasks.tool_environment import kept

GRACE = 60.0
"""Seconds that an interrupted tool gets to finish and save its state before it is killed."""

_KILLED = 10.0
"""Seconds that the operating system may need to end a process that was killed."""

_LOOK_AGAIN = 0.05
"""Seconds."""


@dataclass(frozen=True)
class Command:
    """A program with its arguments. `variables` are added to what the run keeps of its own environment.

    `stdin` is a file that the program reads; without one it reads nothing. `stdout` is a file that takes its output,
    for bytes that are no text; without one the output is in `Finished`.
    """

    argv: tuple[str, ...]
    cwd: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    time_limit: float = 3600.0
    stdin: Path | None = None
    stdout: Path | None = None


@dataclass(frozen=True)
class Finished:
    """How a command ended. `exit_code` is negative when a signal ended it."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float


class Processes:
    """The programs of one run."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.environment = kept(os.environ if environment is None else environment)
        """What every program of the run sees of our own variables (`tasks.tool_environment`)."""
        self._running: set[subprocess.Popen[str]] = set()
        self._stopping = threading.Event()
        self._starting = threading.Lock()

    def run(self, command: Command) -> Finished:
        """Run a command to its end.

        Output goes to files, not pipes: if this process is killed, the tool still reaches its own end, saves its
        state and releases its lock, where a broken pipe would end it half way.

        Raises:
            InvalidInput: the program or the working folder does not exist.
            Unanswered: the time limit ended it, or the run is being cancelled.
        """
        began = time.monotonic()
        with (
            tempfile.TemporaryFile("w+", errors="replace") as out,
            tempfile.TemporaryFile("w+", errors="replace") as err,
        ):
            process = self._start(command, out, err)
            expired = threading.Event()
            limit = _end_after(command.time_limit, process, expired)
            try:
                process.wait()
            except BaseException:
                stop(process)
                raise
            finally:
                limit.cancel()
                self._running.discard(process)
            if expired.is_set():
                told = f"{' '.join(command.argv[:2])}: stopped after its time limit of {command.time_limit:g} s"
                raise Unanswered(told)
            return Finished(process.returncode, _whole(out), _whole(err), time.monotonic() - began)

    @property
    def stopped(self) -> bool:
        """Whether nothing may be started any more."""
        return self._stopping.is_set()

    def stop_all(self) -> None:
        """Start nothing more, and end everything that is running, all at the same time."""
        with self._starting:
            self._stopping.set()
        threads = [threading.Thread(target=stop, args=(process,)) for process in tuple(self._running)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _start(self, command: Command, out: IO[str], err: IO[str]) -> subprocess.Popen[str]:
        # Under the lock, so that nothing starts between a cancellation and the list of what has to be ended.
        with self._starting:
            if self._stopping.is_set():
                raise Unanswered(f"{command.argv[0]}: not started, the run is being cancelled")
            try:
                with _files(command) as (given, taken):
                    process = subprocess.Popen(
                        command.argv,
                        cwd=command.cwd,
                        env={**self.environment, **command.variables},
                        stdin=given,
                        stdout=taken or out,
                        stderr=err,
                        text=True,
                        start_new_session=True,
                    )
            except FileNotFoundError as error:
                missing = command.cwd if not command.cwd.is_dir() else command.argv[0]
                raise InvalidInput(f"{missing}: not found; is it installed and on PATH?") from error
            self._running.add(process)
            return process


@contextmanager
def _files(command: Command) -> Iterator[tuple[IO[bytes] | int, IO[bytes] | None]]:
    """What a command reads and, where it is a file, what takes its output; both closed once it has them."""
    with ExitStack() as files:
        given = files.enter_context(command.stdin.open("rb")) if command.stdin else subprocess.DEVNULL
        yield given, files.enter_context(command.stdout.open("wb")) if command.stdout else None


def stop(process: subprocess.Popen[str], grace: float = GRACE) -> None:
    """End a process and what it started: SIGINT to its group, then after `grace` seconds SIGKILL to its session."""
    if process.poll() is not None:
        return
    deadline = time.monotonic() + grace
    _signal_group(process.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(grace)
    _await_end(process.pid, deadline)
    for pid in _members(process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    _await_end(process.pid, time.monotonic() + _KILLED)


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def _await_end(session: int, deadline: float) -> None:
    while _members(session) and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN)


def _members(session: int) -> list[int]:
    """The processes of a session that have not ended. A zombie is one that has."""
    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def _end_after(seconds: float, process: subprocess.Popen[str], expired: threading.Event) -> threading.Timer:
    """End the process once its time is up, unless it is cancelled before.

    `Popen.wait` has a time limit too, but polls every 50 ms, and a promotion waits for many commands.
    """

    def end() -> None:
        expired.set()
        stop(process)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    return timer


def _whole(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def run(command: Command) -> Finished:
    """Run one command that belongs to no run of its own, such as git; errors as `Processes.run`."""
    return Processes().run(command)
