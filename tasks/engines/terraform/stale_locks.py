"""Which locks of a state are stale: left by a terraform of this environment's claim that has certainly ended.

A lock outlives its terraform when the answer to its creation or its removal was lost, or when terraform was killed.
Nobody is at work under it, and everything that follows waits for it. It is stale when all of this holds; any other
lock is left to a person:

    it is not older than the claim: one run at a time works under a claim, and whoever takes one over knows that
        the run before is over
    this user made it on this machine, and no terraform at work on this state, here, is old enough to have made it;
        or the user and machine of an earlier holder of the claim made it, before a person said that this one is over

Source of who made it: Terraform's `statemgr.NewLockInfo`, which asks Go's `os/user` and `os.Hostname`.
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
"""How terraform's processes are called, its providers too; `terraform-ls` only serves editors."""

_CLOCKS = 2.0
"""Seconds by which the start time of a process may be wrong: Linux counts it from a boot in whole seconds."""


def is_stale(lock: Lock, workspace: Workspace) -> bool:
    """Whether a lock that was met in a workspace may be released."""
    created = lock.created
    if not (lock.id and lock.who and created and workspace.claimed):
        return False
    if not workspace.claimed <= created <= datetime.now(UTC):
        return False
    if lock.who == _ourselves() and process_identity.sees_its_host():
        return not any(makers(created, workspace))
    return any(_made_by(each, lock, created) for each in workspace.ended)


def _ourselves() -> str:
    """This user on this machine, as terraform names them; empty when nobody can be named."""
    user = process_identity.user()
    return f"{user}@{socket.gethostname()}" if user else ""


def _made_by(holder: EndedHolder, lock: Lock, created: datetime) -> bool:
    named = holder.user and lock.who == f"{holder.user}@{holder.host}"
    return bool(named) and created <= datetime.fromisoformat(holder.until)


def makers(created: datetime, workspace: Workspace) -> Iterator[psutil.Process]:
    """The processes that run and may have made the lock."""
    tool, backend = Path(workspace.executable).name, backends.initialised(workspace.folder)
    place = backends.place(backend) if backend else ""
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess):
            is_tool = bool(_TOOL.match(process.name())) or process.name() == tool
            is_old_enough = process.create_time() <= created.timestamp() + _CLOCKS
            if is_tool and is_old_enough and _may_work_on(process, place):
                yield process


def _may_work_on(process: psutil.Process, place: str) -> bool:
    """Whether a running terraform may be at work on the state in `place`, in whatever workspace of it."""
    if process.status() == psutil.STATUS_ZOMBIE:
        return False
    try:
        folder = Path(process.cwd())
        found = backends.initialised(folder, process.environ().get("TF_DATA_DIR", ""))
    except (psutil.AccessDenied, OSError, ValueError):
        return True
    if found is None:
        return not folder.is_dir()  # Without a backend there is no such lock, but a removed folder tells nothing.
    return not place or backends.place(found) in ("", place)
