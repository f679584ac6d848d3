"""Install programs through the system's package manager if allowed; otherwise print how to install them.

All of them are optional, so the set-up continues without them. Without packer, images cannot be built. Without sshd,
the sandbox has no hosts to build images on. Without a browser, the tests of pages do not run. Without promtool, alert
rules are not checked.

FLOWMART_SYSTEM_PACKAGES=no leaves the system unchanged.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

OPT_OUT = "FLOWMART_SYSTEM_PACKAGES"

_SECONDS = 600
_SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"
"""The folders of sshd. Users other than root often lack them on PATH."""


@dataclass(frozen=True)
class SystemPackage:
    """A program of the system.

    Attributes:
        program: Its name on PATH.
        name: The Debian package that contains it.
        without: What does not work without it, as a clause.
        brew: The command that installs it on macOS; "" if there is none.
        own: The variable that names a user's own executable; "" if there is none.
        services: Services that the package starts, and that nothing here needs.
    """

    program: str
    name: str
    without: str
    brew: str = ""
    own: str = ""
    services: tuple[str, ...] = ()

    @property
    def remedy(self) -> str:
        """Return how to install it, as a clause for messages."""
        elsewhere = f", {self.brew} (macOS)" if self.brew else ""
        return f"install it with: apt-get install {self.name} (Debian, Ubuntu){elsewhere}"


PACKAGES = (
    SystemPackage("packer", "packer", "images cannot be built", "brew install packer", "FLOWMART_PACKER"),
    SystemPackage(
        "sshd",
        "openssh-server",
        "the sandbox has no hosts to build images on or to configure",
        # The sandbox runs its own sshd, on loopback only.
        services=("ssh.socket", "ssh.service"),
    ),
    SystemPackage(
        "prometheus",
        "prometheus",
        "analyses are not tested against a real Prometheus",
        "brew install prometheus",
        services=("prometheus.service",),
    ),
    SystemPackage("promtool", "prometheus", "alert rules are not checked by promtool", "brew install prometheus"),
    SystemPackage(
        "amtool",
        "prometheus-alertmanager",
        "routes of alerts are not checked by amtool",
        "brew install alertmanager",
        services=("prometheus-alertmanager.service",),
    ),
    SystemPackage("chromium", "chromium", "pages cannot be tested in a browser", "brew install chromium"),
    SystemPackage(
        "chromedriver", "chromium-driver", "pages cannot be tested in a browser", "brew install chromedriver"
    ),
)


@dataclass(frozen=True)
class System:
    """This machine.

    Attributes:
        search: Where programs are looked up, in the form of PATH.
        as_root: The prefix of commands that run as root; None if the user may not become root.
        environ: The environment variables.
    """

    search: str
    as_root: tuple[str, ...] | None
    environ: Mapping[str, str]

    def has(self, program: str) -> bool:
        """Tell whether a program is installed."""
        return shutil.which(program, path=self.search) is not None


def provide(system: System, packages: Sequence[SystemPackage] = PACKAGES) -> list[str]:
    """Install missing packages if allowed.

    Args:
        system: This machine.
        packages: The packages to install.

    Returns:
        One line for each package, for people.
    """
    updated = False
    lines = []
    for package in packages:
        if own := system.environ.get(package.own):
            lines.append(f"{package.program}: yours, {own} ({package.own})")
        elif system.has(package.program):
            lines.append(f"{package.program} is there")
        else:
            why = _why_not(system)
            if not why and not updated:
                # A failure is ignored: the old lists may be good enough, and the installation reports its own errors.
                _apt(system, "update", "--quiet")
                updated = True
            lines.append(_missing(package, why) if why else _installed(system, package))
    return lines


def found(environ: Mapping[str, str], user: int) -> System:
    """Return this machine as a user sees it: root, a user with passwordless sudo, or another user.

    Args:
        environ: The environment variables.
        user: The user's numeric id.
    """
    search = os.pathsep.join([environ.get("PATH", os.defpath), _SYSTEM_FOLDERS])
    if user == 0:
        return System(search, (), environ)
    sudo = shutil.which("sudo", path=search)
    may = sudo is not None and _run((sudo, "-n", "true"), environ) == ""
    return System(search, (sudo, "-n") if sudo and may else None, environ)


def _why_not(system: System) -> str:
    """Return why nothing can be installed here; empty if it can."""
    if system.environ.get(OPT_OUT) == "no":
        return f"{OPT_OUT}=no"
    if not system.has("apt-get"):
        return "this system has no apt-get"
    return "" if system.as_root is not None else "this needs root, or sudo without a password"


def _installed(system: System, package: SystemPackage) -> str:
    failed = _apt(system, "install", "--quiet", "--yes", "--no-install-recommends", package.name)
    if failed or not system.has(package.program):
        return _missing(package, failed or f"the package brings no {package.program}")
    _stop_services(system, package.services)
    return f"{package.program} installed (package {package.name})"


def _stop_services(system: System, services: Sequence[str]) -> None:
    if Path("/run/systemd/system").is_dir() and system.has("systemctl"):
        for unit in services:
            _as_root(system, "systemctl", "disable", "--now", unit)


def _missing(package: SystemPackage, why: str) -> str:
    return f"{package.program} is missing ({why}), so {package.without}; {package.remedy}"


def _apt(system: System, *arguments: str) -> str:
    # env sets the variable, because sudo drops the caller's variables.
    return _as_root(system, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *arguments)


def _as_root(system: System, *command: str) -> str:
    return _run((*(system.as_root or ()), *command), {**system.environ, "PATH": system.search})


def _run(command: Sequence[str], environ: Mapping[str, str]) -> str:
    """Run a command. Return the last line that it printed if it failed, or an empty string."""
    try:
        done = subprocess.run(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = (done.stderr or done.stdout).strip().splitlines()
    return "" if done.returncode == 0 else (said[-1] if said else f"it ended with {done.returncode}")


def main() -> int:
    """Install the packages on this machine and print one line for each. Always returns exit code 0."""
    for line in provide(found(os.environ, os.geteuid())):
        print(f"setup: {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
