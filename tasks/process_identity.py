"""Identifies processes in records, and tells whether such a process has ended.

Claims and temporary folders outlive the run that made them. Each records its owner as a `ProcessIdentity`, and
another run calls `is_over` before it takes them. A wrong True would let two runs work in one environment, so an
unknown answer counts as "still running":

    same boot, same PID namespace       -> look for the process by its id and start time
    same boot, another PID namespace    -> unknown: its processes cannot be seen from here
    another boot of the same machine    -> over: no process survives a restart
    anything else                       -> unknown: another machine, or a container on one

On Linux the facts come from /proc (see proc(5)): start times are raw ticks since the boot, which a step of the clock
does not change. Without /proc (macOS) a process is known by host name, id and the start time that psutil reports.
"""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import psutil

PROC = Path("/proc")

_MACHINE_ID = Path("/etc/machine-id")

_INITIAL_NAMESPACE = "4026531836"
"""Inode of the PID namespace outside all containers: PROC_PID_INIT_INO in Linux's include/linux/proc_ns.h."""

_INITIAL_UTS_NAMESPACE = "4026531838"
"""Inode of the namespace of the machine's own host name: PROC_UTS_INIT_INO in the same file."""

_ENDED = frozenset("ZX")
"""States of a process that has ended but was not yet reaped by its parent."""


@dataclass(frozen=True)
class ProcessIdentity:
    """A process on any machine.

    Attributes:
        host: the machine's name, for people.
        pid: the process id in its own PID namespace.
        started: start time; ticks since the boot with /proc, else seconds since the epoch.
        boot: the kernel's id of this boot; empty without /proc.
        namespace: inode of the PID namespace; empty without /proc.
        machine: the id of the installed system; containers may share it with their image.
        user: the name of its user; empty where the system has none.
    """

    host: str
    pid: int
    started: float
    boot: str = ""
    namespace: str = ""
    machine: str = ""
    user: str = ""

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> ProcessIdentity:
        """Return the identity that `record` wrote; unknown keys are ignored."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in record.items() if name in known})

    def record(self) -> dict[str, Any]:
        """Return the identity as JSON values."""
        return asdict(self)


def current(proc: Path = PROC) -> ProcessIdentity:
    """Return the identity of this process. `proc` is where procfs is mounted."""
    boot = _text(proc / "sys" / "kernel" / "random" / "boot_id")
    if not boot:
        started_at = psutil.Process().create_time()
        return ProcessIdentity(socket.gethostname(), os.getpid(), started_at, user=user())
    _, started = _state_and_start(proc / "self")
    namespace = str((proc / "self" / "ns" / "pid").stat().st_ino)
    machine = _text(_MACHINE_ID)
    return ProcessIdentity(socket.gethostname(), os.getpid(), started, boot, namespace, machine, user())


def user() -> str:
    """Return the name of this process's user, as `id -un` prints it; empty if the system has none."""
    with suppress(KeyError):
        return pwd.getpwuid(os.getuid()).pw_name
    return ""


def is_over(process: ProcessIdentity, proc: Path = PROC) -> bool:
    """Tell whether a process has certainly ended; False if that cannot be determined from here."""
    this = current(proc)
    if process.boot != this.boot:
        return machine_was_restarted(process, this)
    if not process.boot:
        return process.host == this.host and _has_ended_without_proc(process)
    return process.namespace == this.namespace and _has_ended(process, proc)


def sees_its_host(proc: Path = PROC) -> bool:
    """Tell whether this process can see all processes of the host whose name it uses.

    False in a container that has the name of its machine: it sees only its own processes.
    """
    pid, name = (_namespace(proc, kind) for kind in ("pid", "uts"))
    return pid in ("", _INITIAL_NAMESPACE) or name != _INITIAL_UTS_NAMESPACE


def machine_was_restarted(process: ProcessIdentity, this: ProcessIdentity) -> bool:
    """Tell whether `process` ran on the machine of `this` before its last restart.

    False in containers, where machine id and host name may be those of an image.
    """
    same_machine = process.machine == this.machine != "" and process.host == this.host
    known = bool(process.boot and this.boot)
    return known and same_machine and process.namespace == this.namespace == _INITIAL_NAMESPACE


def _has_ended(process: ProcessIdentity, proc: Path) -> bool:
    if (proc / "self").readlink() != Path(str(os.getpid())):
        return False  # /proc was mounted in another PID namespace, so its ids mean other processes.
    try:
        state, started = _state_and_start(proc / str(process.pid))
    except (FileNotFoundError, ProcessLookupError):
        return not _exists(process.pid)
    except PermissionError:
        return False
    return state in _ENDED or started != process.started


def _exists(pid: int) -> bool:
    """Tell whether the process exists, even if /proc hides other users' processes (hidepid)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _has_ended_without_proc(process: ProcessIdentity) -> bool:
    try:
        found = psutil.Process(process.pid)
        return found.status() == psutil.STATUS_ZOMBIE or found.create_time() != process.started
    except psutil.NoSuchProcess:
        return True


def _state_and_start(folder: Path) -> tuple[str, int]:
    """Return fields 3 and 22 of /proc/PID/stat; field 2, the program's name, may hold spaces and parentheses."""
    after_name = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
    return after_name[0], int(after_name[19])


def _namespace(proc: Path, kind: str) -> str:
    """Return the inode of one of this process's namespaces, from "pid:[4026531836]"; empty without /proc."""
    try:
        return (proc / "self" / "ns" / kind).readlink().name.partition("[")[2].rstrip("]")
    except OSError:
        return ""


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
