"""Processes that end together, at the latest with the process that started them, even if that is killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_GUARD = "import os, signal, sys; sys.stdin.read(); os.killpg(0, signal.SIGKILL)"
"""Kills its own process group when its standard input closes. The system closes it for a killed process."""
_GENTLY = 10.0
"""Seconds that all of them together have to end by themselves: an API server waits for its clients for a minute."""


class ProcessGroup:
    """The processes. Call `stop` to end them.

    Args:
        folder: Their working folder.
        logs: The folder with a log for each, named after it.
    """

    def __init__(self, folder: Path, logs: Path) -> None:
        self._folder = folder
        self._logs = logs
        self._guard: subprocess.Popen[bytes] | None = None
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def begin(self, name: str, program: Path, options: Sequence[str]) -> None:
        """Start a program, or restart it after `kill`."""
        if self._guard is None:
            guard = [sys.executable, "-I", "-S", "-c", _GUARD]
            self._guard = subprocess.Popen(guard, stdin=subprocess.PIPE, process_group=0)
        with self.log(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [str(program), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                process_group=self._guard.pid,
            )

    def kill(self, name: str) -> None:
        """Kill one process at once, without a chance to clean up."""
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """End all processes, the last one first."""
        for process in reversed(self._processes.values()):
            process.terminate()
        end = time.monotonic() + _GENTLY
        for process in self._processes.values():
            try:
                process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes = {}
        if self._guard and self._guard.stdin:
            self._guard.stdin.close()
            self._guard.wait()
        self._guard = None

    @property
    def alive(self) -> bool:
        """Tell whether no process has ended unexpectedly."""
        return all(process.poll() is None for process in self._processes.values())

    def log(self, name: str) -> Path:
        """Return the path of a process's log."""
        return self._logs / f"{name}.log"
