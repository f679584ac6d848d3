"""Machines that share nothing but addresses: each has its own copy of the product, checkout, home and temporary
folder, and where the system allows it a host name and processes of its own, as a container has."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

PROJECT = Path(__file__).resolve().parents[2]

_APART = ("--uts", "--pid", "--fork", "--mount-proc", "--kill-child")
_NAMED = "import os, socket, sys; socket.sethostname(sys.argv[1]); os.execv(sys.argv[2], sys.argv[2:])"


def apart() -> tuple[str, ...]:
    """How this user starts a program as if it were on another machine; empty where the system does not allow it."""
    for how in (("unshare", *_APART), ("unshare", "--user", "--map-root-user", *_APART)):
        try:
            probe = [*how, sys.executable, "-c", _NAMED, "probe", sys.executable, "-c", ""]
            if subprocess.run(probe, capture_output=True).returncode == 0:
                return how
        except FileNotFoundError:
            break
    return ()


class Machine:
    """One of them.

    Attributes:
        name: its host name.
        home: its home folder.
        repository: its checkout of the platform.
    """

    def __init__(self, folder: Path, name: str, origin: Path, variables: Mapping[str, str]) -> None:
        self.name = name
        self._product = folder / name / "opt" / "flowmart"
        for package in ("flows", "tasks", "deployments"):
            # Links are followed: deployments/server/prefect.yaml is a file of its own here, as in a wheel.
            shutil.copytree(PROJECT / package, self._product / package, ignore=shutil.ignore_patterns("__pycache__"))
        self.home, temporary = folder / name / "home", folder / name / "tmp"
        for each in (self.home, temporary):
            each.mkdir()
        self.repository = folder / name / "platform"
        subprocess.run(["git", "clone", "--quiet", str(origin), str(self.repository)], check=True)
        own = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "FLOWMART_", "PREFECT_"))}
        places = {"HOME": str(self.home), "TMPDIR": str(temporary), "FLOWMART_REPOSITORY": str(self.repository)}
        self._variables = {**own, **variables, **places, "PYTHONPATH": str(self._product)}
        self._log = folder / name / "worker.log"

    def flowmart(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command there; it must end well."""
        done = self.ended(*arguments, **variables)
        assert done.returncode == 0, f"{self.name}: {arguments}: {done.stdout}\n{done.stderr}\n{self.log}"
        return done

    def ended(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command there to its end."""
        return subprocess.run(
            [sys.executable, "-m", "deployments.cli", *arguments],
            cwd=self._product,
            env={**self._variables, **variables},
            capture_output=True,
            text=True,
            timeout=1500,
            check=False,
        )

    @contextmanager
    def running(self, *arguments: str, **variables: str) -> Iterator[psutil.Process]:
        """While this lasts, a command runs there; all that it started ends with it."""
        named: Sequence[str] = (sys.executable, "-c", _NAMED, self.name) if (how := apart()) else ()
        with self._log.open("wb") as log:
            started = subprocess.Popen(
                [*how, *named, sys.executable, "-m", "deployments.cli", *arguments],
                cwd=self._product,
                env={**self._variables, **variables},
                stdout=log,
                stderr=log,
            )
        process = psutil.Process(started.pid)
        try:
            yield process
        finally:
            lost(process)
            started.wait()

    @property
    def log(self) -> str:
        """What the last command said that ran there."""
        return self._log.read_text(errors="replace")[-5000:] if self._log.exists() else ""


def lost(machine: psutil.Process) -> None:
    """The machine loses its power: everything on it is gone at once."""
    if not machine.is_running():
        return
    for each in [machine, *machine.children(recursive=True)]:
        try:
            each.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
