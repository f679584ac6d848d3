"""Become root of a new user namespace, with users 0 to 65535 if whoever starts this may map them.

usage: python3 -I users.py PROGRAM [ARGUMENT ...]

Only root may map more users than itself (user_namespaces(7)), and only from outside the new namespace: a child that
stays outside writes the maps. Everybody else becomes root there, and root is the only user there: files cannot be
given to other users.

The script also runs alone, in the machine behind sshd, so it imports none of our modules.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_NEW_USERS = 0x10000000
"""The flag CLONE_NEWUSER."""

_ALL = "0 0 65536"


def main(program: list[str]) -> None:
    """Enter the namespace and execute the program. This function does not return."""
    user, group = os.getuid(), os.getgid()
    entered, tell = os.pipe()
    mapping = os.fork()
    if mapping == 0:
        os._exit(_map_all(os.getppid(), entered) if user == 0 else 1)
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_USERS) != 0:
        raise OSError(ctypes.get_errno(), "unshare: a new user namespace was refused")
    os.write(tell, b".")
    if os.waitpid(mapping, 0)[1] != 0:
        _map_one(user, group)
    os.close(entered)
    os.close(tell)
    os.execvp(program[0], program)  # noqa: S606


def _map_all(process: int, entered: int) -> int:
    """Map all users into the process's namespace. Return 0, or 1 if we may not map them."""
    os.read(entered, 1)
    try:
        for kind in ("uid_map", "gid_map"):
            Path(f"/proc/{process}/{kind}").write_text(_ALL)
    except OSError:
        return 1
    return 0


def _map_one(user: int, group: int) -> None:
    own = Path("/proc/self")
    if not (own / "uid_map").read_text():
        (own / "uid_map").write_text(f"0 {user} 1")
    # The kernel requires this before anyone but root may map groups.
    (own / "setgroups").write_text("deny")
    (own / "gid_map").write_text(f"0 {group} 1")


if __name__ == "__main__":
    main(sys.argv[1:])
