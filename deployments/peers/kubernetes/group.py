"""Processes that end together, and at the latest with the process that began them: even one that is killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_GUARD = "import os, signal, sys; sys.stdin.read(); os.killpg(0, signal.SIGKILL)"
"""Ends its own process group once its standard input is closed, which the system does for a killed process."""
_GENTLY = 20


class ProcessGroup:
    """The processes; `stop` them.

    Args:
        folder: they work there.
        logs: keeps a log of each, called like its name.
    """

    def __init__(self, folder: Path, logs: Path) -> None:
        self._folder = folder
        self._logs = logs
        self._guard: subprocess.Popen[bytes] | None = None
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def begin(self, name: str, program: Path, options: Sequence[str]) -> None:
        """Start a program, or start it again after `kill`."""
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
        """End one at once, without a chance to finish anything."""
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """End all, the last one first."""
        for process in reversed(self._processes.values()):
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(_GENTLY)
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
        """Whether none has ended by itself."""
        return all(process.poll() is None for process in self._processes.values())

    def log(self, name: str) -> Path:
        """The log of one."""
        return self._logs / f"{name}.log"
