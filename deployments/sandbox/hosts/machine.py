"""The machine behind sshd: whether it is possible here, how it is built, started and checked.

One folder holds everything: `machine/` (which sshd sees as its root), and for each host `NAME/root`, its root, and
`NAME/local`, its /usr/local.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from deployments.sandbox.hosts.roots import install_system, make_root, make_sshd_root
from tasks import processes
from tasks.domain.errors import InvalidInput, Unanswered
from tasks.domain.platform import Platform
from tasks.processes import Command

BUILDER = "builder"
"""The host on which images are built."""

PYTHON = Path("/usr/bin/python3")
"""The Python that runs Ansible's modules on the hosts."""

_SSHD = ("/usr/sbin/sshd", "/usr/bin/sshd")
_SFTP = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server")
"""Paths on Debian and Ubuntu, Fedora, Arch."""

_USERS = Path(__file__).with_name("users.py")
_ISOLATED = (
    *(str(PYTHON), "-I", str(_USERS)),
    *("unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child"),
)
"""The command prefix that starts the machine: as root of a new user namespace, with new ones of all other kinds."""

_PROBE = "mount -t tmpfs probe /mnt && mkdir /mnt/proc && mount -t proc proc /mnt/proc"
_SECONDS = 20.0

_CONFIG = """\
# Written by the sandbox at every start.
{addresses}
HostKey /sshd/host_key
AuthorizedKeysFile /sshd/authorized_keys
PidFile none
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
StrictModes no
PrintMotd no
PrintLastLog no
MaxStartups 100
MaxSessions 100
Subsystem sftp {sftp}
{forced}
"""


def names_of(platform: Platform) -> tuple[str, ...]:
    """Return the hosts of a platform: one for each environment that has an Ansible unit, and the builder."""
    configured = {name for unit in platform.units if unit.engine == "ansible" for name in unit.environments}
    return (*(e.name for e in platform.environments if e.name in configured), BUILDER)


def why_not(folder: Path) -> str:
    """Return why hosts are impossible on this machine, and the remedy; empty if they are possible.

    Args:
        folder: The working folder for the check.
    """
    found = list(filter(None, _missing()))
    if found:
        return "; ".join(found)
    try:
        done = processes.run(Command((*_ISOLATED, "sh", "-c", _PROBE), folder, time_limit=_SECONDS))
    except (Unanswered, InvalidInput) as error:
        return f"the sandbox cannot have hosts here: {error}"
    if done.exit_code == 0:
        return ""
    told = done.stderr.strip().splitlines() or [f"unshare ended with {done.exit_code}"]
    return f"the sandbox cannot have hosts here: user namespaces are not allowed ({told[0]}){_remedy()}"


def _missing() -> Iterator[str]:
    if not _first(_SSHD):
        yield "sshd is missing: install it with: apt-get install openssh-server"
    if not shutil.which("ssh") or not shutil.which("ssh-keygen"):
        yield "ssh is missing: install it with: apt-get install openssh-client"
    if not PYTHON.exists():
        yield f"{PYTHON} is missing: install it with: apt-get install python3"


def _remedy() -> str:
    restricted = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    if restricted.exists() and restricted.read_text().strip() != "0":
        return "; to allow them until the next boot: sysctl kernel.apparmor_restrict_unprivileged_userns=0"
    return ""


def prepare(folder: Path, names: Sequence[str]) -> None:
    """Create missing keys and roots, and install this version's package and service manager in every host.

    Existing roots are kept.

    Args:
        folder: The folder of all hosts.
        names: Names of the hosts.

    Raises:
        Unanswered: ssh-keygen fails.
    """
    for key in (folder / "client_key", folder / "machine" / "sshd" / "host_key"):
        _make_key(key)
    make_sshd_root(folder / "machine", (folder / "client_key.pub").read_text())
    for name in names:
        make_root(folder / name, name, folder / "machine" / "sshd" / "host_key")
        install_system(folder / name / "local")


def command(folder: Path, ports: Mapping[str, int]) -> list[str]:
    """Write sshd's configuration and return the command that starts it.

    When the command ends, everything that was started on the hosts ends too.

    Args:
        folder: The folder of all hosts.
        ports: TCP port on 127.0.0.1 of each host, by name.
    """
    addresses = "\n".join(f"ListenAddress 127.0.0.1:{port}" for port in ports.values())
    forced = "\n".join(f"Match LocalPort {port}\n    ForceCommand /sshd/enter {name}" for name, port in ports.items())
    config = _CONFIG.format(addresses=addresses, forced=forced, sftp=_first(_SFTP) or "internal-sftp")
    (folder / "machine" / "sshd" / "sshd_config").write_text(config)
    script = str(Path(__file__).with_name("machine.sh"))
    return [*_ISOLATED, "sh", script, str(folder / "machine"), str(folder), _first(_SSHD)]


def answers(port: int) -> bool:
    """Tell whether an sshd responds on 127.0.0.1:`port`. Connect once, and wait at most 5 seconds."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            return connection.recv(8).startswith(b"SSH-2.0-")
    except OSError:
        return False


def forget(folder: Path) -> None:
    """Delete the hosts with their keys, whatever permissions their folders have."""
    for place, folders, _ in os.walk(folder):
        for inside in (Path(place, name) for name in folders):
            if not inside.is_symlink():
                inside.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _make_key(file: Path) -> None:
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    argv = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "flowmart-sandbox", "-f", str(file))
    done = processes.run(Command(argv, file.parent, time_limit=_SECONDS))
    if done.exit_code != 0:
        raise Unanswered(f"sandbox: {file} could not be made: {done.stderr.strip()}")


def _first(candidates: Sequence[str]) -> str:
    return next((path for path in candidates if Path(path).exists()), "")
