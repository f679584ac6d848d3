"""Tell which locks of a state are stale: left by a terraform of this environment's claim that has certainly ended.

A lock outlives its terraform if the response to its creation or removal was lost, or if terraform was killed. Nobody
works under such a lock, but every later command waits for it. A lock is stale only if both of these are true; an
operator must decide about any other lock:

    1. It is not older than the claim. Only one run at a time works under a claim, and whoever takes over a claim
       knows that the run before is over.
    2. This user created it on this machine, and no terraform that runs here on this state is old enough to have
       created it. Or an earlier holder's user and machine created it, before an operator declared that holder over.

Source for who created a lock: Terraform's `statemgr.NewLockInfo`, which uses Go's `os/user` and `os.Hostname`.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil

from tasks import process_identity
from tasks.domain.events.claims import EndedHolder
from tasks.engines.base import Workspace
from tasks.engines.terraform import backends
from tasks.engines.terraform.locks import Lock

_TOOL = re.compile(r"(terraform|tofu|opentofu)(?!-ls\b)")
"""The names of terraform's processes, including its providers. `terraform-ls` only serves editors."""

_CLOCKS = 2.0
"""Seconds by which a process's start time may be wrong: Linux counts it from a boot time in whole seconds."""


def is_stale(lock: Lock, workspace: Workspace) -> bool:
    """Tell whether a lock that a command met may be released.

    Args:
        lock: the lock, as terraform printed it.
        workspace: the unit whose state is locked.
    """
    created = lock.created
    if not (lock.id and lock.who and created and workspace.claimed):
        return False
    if not workspace.claimed <= created <= datetime.now(UTC):
        return False
    if lock.who == _ourselves() and process_identity.sees_its_host():
        return not any(makers(created, workspace))
    return any(_made_by(each, lock, created) for each in workspace.ended)


def _ourselves() -> str:
    """Return this user and machine as terraform names them; empty if the user is unknown."""
    user = process_identity.user()
    return f"{user}@{socket.gethostname()}" if user else ""


def _made_by(holder: EndedHolder, lock: Lock, created: datetime) -> bool:
    named = holder.user and lock.who == f"{holder.user}@{holder.host}"
    return bool(named) and created <= datetime.fromisoformat(holder.until)


def makers(created: datetime, workspace: Workspace) -> Iterator[psutil.Process]:
    """Yield the running processes that may have created the lock."""
    tool, backend = Path(workspace.executable).name, backends.initialised(workspace.folder)
    place = backends.place(backend) if backend else ""
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess):
            is_tool = bool(_TOOL.match(process.name())) or process.name() == tool
            is_old_enough = process.create_time() <= created.timestamp() + _CLOCKS
            if is_tool and is_old_enough and _may_work_on(process, place):
                yield process


def _may_work_on(process: psutil.Process, place: str) -> bool:
    """Tell whether a running terraform may be working on the state in `place`, in any of its workspaces."""
    if process.status() == psutil.STATUS_ZOMBIE:
        return False
    try:
        folder = Path(process.cwd())
        found = backends.initialised(folder, process.environ().get("TF_DATA_DIR", ""))
    except (psutil.AccessDenied, OSError, ValueError):
        return True
    if found is None:
        return not folder.is_dir()  # Without a backend it holds no such lock. A removed folder says nothing.
    return not place or backends.place(found) in ("", place)
