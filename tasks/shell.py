"""Runs programs: the only module that starts a process.

Every command is a list, has a time limit and its own session, so that a Ctrl-C on the terminal does not reach
the tool behind our back: we pass it on, gently first (SIGINT, on which terraform finishes what it is doing and
writes its state), then hard (SIGKILL).
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tasks.domain.errors import InvalidInput, Unanswered

GRACE = 60.0
"""Seconds that an interrupted tool gets to finish and save its state before it is killed."""

_running: set[subprocess.Popen[str]] = set()
_stopping = threading.Event()
_starting = threading.Lock()


@dataclass(frozen=True)
class Command:
    """A program with its arguments. `variables` are added to our environment, less its AWS credentials."""

    argv: tuple[str, ...]
    cwd: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    time_limit: float = 3600.0


@dataclass(frozen=True)
class Finished:
    """How a command ended. `exit_code` is negative when a signal ended it."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float


def run(command: Command) -> Finished:
    """Run to the end. `InvalidInput` when the program is missing, `Unanswered` when the time limit ended it.

    What it prints goes to files, not pipes: should we be killed, the tool goes on to its own end, saves its state and
    gives its lock back, where a broken pipe would end it half way.
    """
    began = time.monotonic()
    with tempfile.TemporaryFile("w+", errors="replace") as out, tempfile.TemporaryFile("w+", errors="replace") as err:
        process = _start(command, out, err)
        expired = threading.Event()
        limit = _end_after(command.time_limit, process, expired)
        try:
            process.wait()
        except BaseException:
            stop(process)
            raise
        finally:
            limit.cancel()
            _running.discard(process)
        if expired.is_set():
            message = f"{' '.join(command.argv[:2])}: ended after its time limit of {command.time_limit:g} s"
            raise Unanswered(message)
        return Finished(process.returncode, _whole(out), _whole(err), time.monotonic() - began)


def stop(process: subprocess.Popen[str], grace: float = GRACE) -> None:
    """End a process and what it started: SIGINT, then after `grace` seconds SIGKILL to its whole session."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def stop_all() -> None:
    """Start nothing more and end what is running, all at the same time; for the cancellation of a run."""
    with _starting:
        _stopping.set()
    threads = [threading.Thread(target=stop, args=(process,)) for process in tuple(_running)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def start_again() -> None:
    """Let commands be run again after `stop_all`."""
    _stopping.clear()


def inherited(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our own environment without anything that would give a tool other credentials than those it is handed.

    A plan runs the code of whoever wrote the pull request: our own access to GitHub is nothing for it either.
    """
    credentials = (
        "AWS_ACCESS_KEY",
        "AWS_SECRET",
        "AWS_SESSION",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ROLE_ARN",
        "FLOWMART_GITHUB_",
    )
    source = os.environ if environ is None else environ
    return {name: value for name, value in source.items() if not name.startswith(credentials)}


def _start(command: Command, out: IO[str], err: IO[str]) -> subprocess.Popen[str]:
    # Under the lock, so that nothing slips in between a cancellation and the list of what has to be ended.
    with _starting:
        if _stopping.is_set():
            raise Unanswered(f"{command.argv[0]}: not started, the run is being cancelled")
        try:
            process = subprocess.Popen(
                command.argv,
                cwd=command.cwd,
                env={**inherited(), **command.variables},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                text=True,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            missing = command.cwd if not command.cwd.is_dir() else command.argv[0]
            raise InvalidInput(f"{missing}: not found; is it installed and on PATH?") from error
        _running.add(process)
        return process


def _end_after(seconds: float, process: subprocess.Popen[str], expired: threading.Event) -> threading.Timer:
    """End the process once its time is up, unless it is cancelled before.

    `Popen.wait` has a time limit too, but with it looks only every 50 ms, and a promotion waits for many commands.
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
