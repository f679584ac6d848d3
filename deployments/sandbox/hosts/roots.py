"""The folders that hosts consist of: enough of a Debian root for tools and roles.

Only world-readable parts of this machine's /etc are copied, so that none of its secrets gets into a host.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Collection
from pathlib import Path

from deployments.sandbox.hosts.flowmart_host import modules, programs

_ETC = Path("/etc")

_NOT_COPIED = ("apt", "dpkg", "init.d", "os-release", *(f"rc{level}.d" for level in range(7)), "systemd")
"""Files about this machine's packages and services. A host has its own."""

_RELEASE = """\
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
"""
"""A host has packages of Debian 12, whatever this machine runs (os-release(5))."""

_SOURCES = "deb http://packages.example bookworm main\n"

_FOLDERS = {
    "etc": 0o755,
    "etc/ssh": 0o755,
    "home": 0o755,
    "mnt": 0o755,
    "opt": 0o755,
    "root": 0o700,
    "run": 0o755,
    "run/sshd": 0o755,
    "run/systemd/system": 0o755,
    "srv": 0o755,
    "sys": 0o555,
    "tmp": 0o1777,
    "var/cache": 0o755,
    "var/lib": 0o755,
    "var/log": 0o755,
    "var/spool": 0o755,
    "var/tmp": 0o1777,
}
_RUN = """\
#!/bin/sh
exec /usr/bin/python3 -I -S -c '
import sys
sys.path.insert(0, "/usr/local/lib/flowmart")
from flowmart_host.programs import main
sys.exit(main(sys.argv[1], sys.argv[2:]))' "$@"
"""

_LOCAL = ("bin", "etc", "lib", "sbin", "share")

_SSHD_FILES = {
    # The user that sshd runs as in there. Sessions are root of a host. `machine.sh` chooses one of the two files.
    "passwd.all": "root:x:0:0:root:/:/bin/sh\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n",
    "passwd.one": "root:x:1000:1000:root:/:/bin/sh\n",
    "group": "root:x:1000:\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


def make_root(folder: Path, name: str, key: Path) -> None:
    """Create the root and the /usr/local of a host, unless they exist.

    Args:
        folder: The host's own folder.
        name: The host's name.
        key: The private key of its sshd. The public key is beside it.
    """
    root = folder / "root"
    if (root / "etc" / "hostname").exists():
        return
    for path, mode in _FOLDERS.items():
        (root / path).mkdir(parents=True, exist_ok=True)
        (root / path).chmod(mode)
    for path in _LOCAL:
        (folder / "local" / path).mkdir(parents=True, exist_ok=True)
    _link(root / "var" / "run", "/run")
    _copy_readable(_ETC, root / "etc", _NOT_COPIED)
    _write(root / "etc" / "os-release", _RELEASE, 0o644)
    _write(root / "etc" / "debian_version", "12.11\n", 0o644)
    (root / "etc" / "apt" / "sources.list.d").mkdir(parents=True)
    _write(root / "etc" / "apt" / "sources.list", _SOURCES, 0o644)
    _write(root / "etc" / "shadow", "root:*:19000:0:99999:7:::\n", 0o640)
    _write(root / "etc" / "hosts", f"127.0.0.1 localhost\n127.0.1.1 {name}\n", 0o644)
    _write(root / "etc" / "ssh" / "ssh_host_ed25519_key", key.read_text(), 0o600)
    _write(root / "etc" / "ssh" / "ssh_host_ed25519_key.pub", key.with_suffix(".pub").read_text(), 0o644)
    # Written last, because this file marks the root as complete.
    _write(root / "etc" / "hostname", f"{name}\n", 0o644)


def install_system(local: Path) -> None:
    """Install this version's package and service manager in a host's /usr/local. Replace earlier versions."""
    own, source = local / "lib" / "flowmart", Path(__file__).with_name("flowmart_host")
    shutil.rmtree(own, ignore_errors=True)
    shutil.copytree(source, own / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in modules.MODULES.items():
        (own / "modules" / path).parent.mkdir(parents=True, exist_ok=True)
        (own / "modules" / path).write_text(text)
    _write(own / "run", _RUN, 0o755)
    (own / "bin").mkdir()
    for name in programs.PROGRAMS:
        # On the path, and where `machine.sh` mounts it over this machine's own program.
        for place in (local / "sbin" / name, own / "bin" / name):
            _write(place, '#!/bin/sh\nexec /usr/local/lib/flowmart/run "${0##*/}" "$@"\n', 0o755)


def make_sshd_root(folder: Path, client_key: str) -> None:
    """Create the root that sshd itself sees, with only the files that it needs."""
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


def _copy_readable(source: Path, to: Path, leave_out: Collection[str] = ()) -> None:
    for entry in (each for each in os.scandir(source) if each.name not in leave_out):
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
