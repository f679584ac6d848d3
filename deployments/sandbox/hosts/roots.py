"""The folders that hosts are made of: enough of a Debian root that tools and roles find what they look for.

Of this machine's /etc only what everybody may read is copied, so that none of its secrets gets into a host.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

_ETC = Path("/etc")

_FOLDERS = {
    "etc": 0o755,
    "home": 0o755,
    "mnt": 0o755,
    "opt": 0o755,
    "root": 0o700,
    "run": 0o755,
    "srv": 0o755,
    "sys": 0o555,
    "tmp": 0o1777,
    "var/cache": 0o755,
    "var/lib": 0o755,
    "var/log": 0o755,
    "var/spool": 0o755,
    "var/tmp": 0o1777,
}
_LOCAL = ("bin", "etc", "lib", "sbin", "share")

_SSHD_FILES = {
    # The user that sshd runs as in there; sessions come out as root of a host. `machine.sh` chooses one of the two.
    "passwd.all": "root:x:0:0:root:/:/bin/sh\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n",
    "passwd.one": "root:x:1000:1000:root:/:/bin/sh\n",
    "group": "root:x:1000:\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


def make_root(folder: Path, name: str) -> None:
    """The root and the /usr/local of a host, below `folder`, unless it is there already."""
    root = folder / "root"
    if (root / "etc" / "hostname").exists():
        return
    for path, mode in _FOLDERS.items():
        (root / path).mkdir(parents=True, exist_ok=True)
        (root / path).chmod(mode)
    for path in _LOCAL:
        (folder / "local" / path).mkdir(parents=True, exist_ok=True)
    _link(root / "var" / "run", "/run")
    _copy_readable(_ETC, root / "etc")
    _write(root / "etc" / "shadow", "root:*:19000:0:99999:7:::\n", 0o640)
    _write(root / "etc" / "hosts", f"127.0.0.1 localhost\n127.0.1.1 {name}\n", 0o644)
    # Last: what tells that the root is complete.
    _write(root / "etc" / "hostname", f"{name}\n", 0o644)


def make_sshd_root(folder: Path, client_key: str) -> None:
    """What sshd itself sees as its root: nothing but what it needs."""
    etc, sshd, separated = folder / "etc", folder / "sshd", folder / "run" / "sshd"
    for place in (etc, sshd, separated):
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o755)
    for name, text in _SSHD_FILES.items():
        (etc / name).write_text(text)
    for name in ("ld.so.cache", "localtime"):
        if (_ETC / name).exists():
            shutil.copyfile(_ETC / name, etc / name)
    (sshd / "authorized_keys").write_text(client_key)
    for program, name in (("enter.sh", "enter"), ("users.py", "users.py")):
        shutil.copyfile(Path(__file__).with_name(program), sshd / name)
    (sshd / "enter").chmod(0o755)


def _copy_readable(source: Path, to: Path) -> None:
    for entry in os.scandir(source):
        inside, found = to / entry.name, entry.stat(follow_symlinks=False)
        if entry.is_symlink():
            _link(inside, str(Path(entry.path).readlink()))
        elif stat.S_ISDIR(found.st_mode) and found.st_mode & 0o005 == 0o005:
            inside.mkdir(exist_ok=True)
            _copy_readable(Path(entry.path), inside)
        elif stat.S_ISREG(found.st_mode) and found.st_mode & 0o004:
            shutil.copy2(entry.path, inside)


def _link(place: Path, to: str) -> None:
    place.unlink(missing_ok=True)
    place.symlink_to(to)


def _write(file: Path, text: str, mode: int) -> None:
    file.unlink(missing_ok=True)
    file.write_text(text)
    file.chmod(mode)
