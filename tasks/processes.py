"""Runs programs: the only module that starts a process.

`Processes` belongs to one run. Cancelling that run stops the tools that it started and no others. Each command
sees only the variables that are kept for tools (`tasks.tool_environment`) and those that it is given.

Every command is a list of arguments with a time limit. It has its own session, so that Ctrl-C on the terminal does
not reach the tool directly. A tool is stopped as a terminal would stop it: one SIGINT to its whole process group.
Terraform then finishes the current operation and saves its state; its plugins ignore the signal (as HashiCorp's
go-plugin does), and children of a provisioner get it too. Packer runs itself as a child, which handles the signal.
Whatever is left of the session after `GRACE` gets SIGKILL.
"""

from __future__ import annotations

import errno
import logging
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from tasks.domain.errors import Refused, Unanswered, Unequipped
from tasks.tool_environment import kept

LOGGER = "flowmart.processes"

log = logging.getLogger(LOGGER)
"""A logger of the standard library, silent unless logging is set up: standard output belongs to the commands."""

RAN = "ran"
"""The event of `LOGGER` for a program that ended, at debug level: `program`, `seconds`, `exit_code`."""

GRACE = 60.0
"""Seconds that an interrupted tool gets to finish and save its state before it is killed."""

TELLING = 60.0
"""Seconds between two progress reports, each with the last line that a running program printed."""

_NO_PROGRAM = frozenset({errno.EACCES, errno.ENOEXEC, errno.ENOTDIR, errno.EISDIR})
"""Errors of the operating system for a file that it cannot run."""

_TAIL = 4096
"""Bytes at the end of an output that are searched for its last line."""

_KILLED = 10.0
"""Seconds that the operating system may need to end a killed process."""

_POLL = 0.05
"""Seconds between two checks of the processes of a session."""


@dataclass(frozen=True)
class Command:
    """A program with its arguments.

    Attributes:
        argv: the program and its arguments; no shell is involved.
        cwd: the working folder.
        variables: added to the environment variables that the run keeps.
        time_limit: seconds.
        stdin: the file that the program reads; None: it reads nothing.
        stdout: the file that receives its output, for output that is not text; None: the output is in `Finished`.
        progress: called periodically while the program runs, with the last line of its output if that is new.
        with_children: whether to stop the children of a program that a signal killed. Its child is the tool that
            does the work, and would otherwise continue unsupervised.
    """

    argv: tuple[str, ...]
    cwd: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    time_limit: float = 3600.0
    stdin: Path | None = None
    stdout: Path | None = None
    progress: Callable[[str], None] | None = None
    with_children: bool = False


@dataclass(frozen=True)
class Finished:
    """How a command ended. `exit_code` is negative when a signal ended it."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float


class Processes:
    """Starts and stops the programs of one run."""

    def __init__(self, environment: Mapping[str, str] | None = None, telling: float = TELLING) -> None:
        self._telling = telling
        self.environment = kept(os.environ if environment is None else environment)
        """The variables of this process that every program of the run sees (`tasks.tool_environment`)."""
        self._running: set[subprocess.Popen[str]] = set()
        self._stopping = threading.Event()
        self._starting = threading.Lock()

    def run(self, command: Command) -> Finished:
        """Run a command until it ends.

        Output goes to files, not pipes. If this process is killed, the tool still finishes, saves its state and
        releases its lock, whereas a broken pipe would stop it halfway.

        Returns:
            The exit code, the output and the duration in seconds.

        Raises:
            Unequipped: the program or the working folder does not exist, or this machine cannot run the program.
            Unanswered: it exceeded its time limit, the run is being cancelled, or the system could not start it now.
        """
        began = time.monotonic()
        with (
            # Tools write UTF-8, whatever the locale of this process is.
            tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as out,
            tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as err,
        ):
            process = self._start(command, out, err)
            expired = threading.Event()
            limit = _end_after(command.time_limit, process, expired)
            try:
                with _reporting(command, out, self._telling):
                    process.wait()
            except BaseException:
                stop(process)
                raise
            finally:
                limit.cancel()
                self._running.discard(process)
            if expired.is_set():
                name = " ".join(command.argv[:2])
                raise Unanswered(f"{name}: stopped after its time limit of {command.time_limit:g} s")
            if command.with_children and process.returncode < 0:
                _stop_session(process.pid, GRACE)
            seconds = time.monotonic() - began
            code, name = process.returncode, _named(command.argv)
            log.debug({"event": RAN, "program": name, "seconds": seconds, "exit_code": code})
            return Finished(process.returncode, _whole(out), _whole(err), seconds)

    @property
    def stopped(self) -> bool:
        """Tell whether the run is being cancelled, so that no more programs may start."""
        return self._stopping.is_set()

    def stop_all(self) -> None:
        """Refuse to start more programs, and stop all running ones at the same time."""
        with self._starting:
            self._stopping.set()
        threads = [threading.Thread(target=stop, args=(process,)) for process in tuple(self._running)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _start(self, command: Command, out: IO[str], err: IO[str]) -> subprocess.Popen[str]:
        # Hold the lock, so that no program starts between a cancellation and its list of programs to stop.
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
                raise Unequipped(f"{missing}: not found; install it, or put it on PATH") from error
            except OSError as error:
                if error.errno == errno.E2BIG:
                    raise Refused(
                        f"{command.argv[0]}: its arguments and variables are too long for a process"
                    ) from error
                if error.errno not in _NO_PROGRAM:
                    raise Unanswered(f"{command.argv[0]}: could not be started: {error.strerror}") from error
                message = f"{command.argv[0]}: cannot be run: {error.strerror}; install it for this machine and user"
                raise Unequipped(message) from error
            self._running.add(process)
            return process


def _named(argv: Sequence[str]) -> str:
    """Return a program and its command: "terraform plan". The other arguments may be secret."""
    command = next((word for word in argv[1:2] if word.isalpha()), "")
    return f"{Path(argv[0]).name} {command}".rstrip()


@contextmanager
def _files(command: Command) -> Iterator[tuple[IO[bytes] | int, IO[bytes] | None]]:
    """Open the files for standard input and, if needed, standard output; close them once the process has them."""
    with ExitStack() as files:
        given = files.enter_context(command.stdin.open("rb")) if command.stdin else subprocess.DEVNULL
        yield given, files.enter_context(command.stdout.open("wb")) if command.stdout else None


def stop(process: subprocess.Popen[str], grace: float = GRACE) -> None:
    """Stop a process and its children.

    Send SIGINT to its group, and after `grace` seconds SIGKILL to its session.
    """
    if process.poll() is not None:
        return
    deadline = time.monotonic() + grace
    _signal_group(process.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(grace)
    _await_end(process.pid, deadline)
    _kill(process.pid)
    process.wait()
    _await_end(process.pid, time.monotonic() + _KILLED)


def _stop_session(session: int, grace: float) -> None:
    """Stop the rest of a session whose first process has ended: SIGINT, then SIGKILL after `grace` seconds."""
    _signal_group(session, signal.SIGINT)
    _await_end(session, time.monotonic() + grace)
    _kill(session)
    _await_end(session, time.monotonic() + _KILLED)


def _kill(session: int) -> None:
    for pid in _members(session):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def _await_end(session: int, deadline: float) -> None:
    while _members(session) and time.monotonic() < deadline:
        time.sleep(_POLL)


def _members(session: int) -> list[int]:
    """Return the ids of a session's processes that have not ended; a zombie has ended."""
    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def _end_after(seconds: float, process: subprocess.Popen[str], expired: threading.Event) -> threading.Timer:
    """Stop the process after some seconds, unless the timer is cancelled first.

    `Popen.wait` has a time limit too, but polls every 50 ms, which adds up over the many commands of a promotion.
    """

    def end() -> None:
        expired.set()
        stop(process)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    return timer


@contextmanager
def _reporting(command: Command, out: IO[str], every: float) -> Iterator[None]:
    """Report the last line of a program's output every `every` seconds while the block runs."""
    if command.progress is None:
        yield
        return
    over = threading.Event()
    reporter = threading.Thread(target=_report_lines, args=(command.progress, out.fileno(), every, over), daemon=True)
    reporter.start()
    try:
        yield
    finally:
        over.set()
        reporter.join()


def _report_lines(progress: Callable[[str], None], file: int, every: float, over: threading.Event) -> None:
    before = ""
    while not over.wait(every):
        last = _last_line(file)
        if last and last != before:
            progress(last)
        before = last


def _last_line(file: int) -> str:
    """Return the last complete line of a file that another process may be writing to; "" if there is none."""
    size = os.fstat(file).st_size
    lines = os.pread(file, _TAIL, max(0, size - _TAIL)).decode(errors="replace").split("\n")
    return next((line for line in reversed(lines[:-1]) if line.strip()), "")


def _whole(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def run(command: Command) -> Finished:
    """Run one command outside of any run, such as git; raises what `Processes.run` does."""
    return Processes().run(command)
