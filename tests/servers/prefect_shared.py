"""One Prefect server for the tests that need just any: all workers of a test run share it.

Tests keep apart by the ids of their runs. Who asks how a server is started, or changes it, has one of their own.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployments import processes, services
from deployments.processes import Process
from deployments.sandbox.layout import SandboxLayout
from deployments.sandbox.parts import KINDS, PREFECT


@contextmanager
def shared(folder: Path) -> Iterator[str]:
    """The address of the API of the server that every process with this `folder` shares.

    The first one starts it, and the last one ends it.
    """
    layout = SandboxLayout(folder)
    folder.mkdir(exist_ok=True)
    with (folder / "users").open("w") as users:
        try:
            with processes.alone(layout):
                process = _joined(layout, users.fileno())
            yield f"http://127.0.0.1:{process.port}/api"
        finally:
            with processes.alone(layout):
                if _is_last(users.fileno()) and (found := processes.find(layout, PREFECT)):
                    processes.end(layout, found)
                    shutil.rmtree(layout.prefect_home)


def _joined(layout: SandboxLayout, users: int) -> Process:
    """Take a share of the lock. The first one starts the server; the others never restart it, however busy it is."""
    is_first = _is_last(users)
    fcntl.flock(users, fcntl.LOCK_SH)
    found = processes.find(layout, PREFECT)
    started = services.ensure_started(layout, KINDS[PREFECT])[0] if is_first or found is None else found
    return services.wait_until_ready(layout, KINDS[PREFECT], started)


def _is_last(users: int) -> bool:
    """Tell whether no other process holds a share of the lock; give up one's own."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
