"""Programs that only the system's package manager has: installed where that may be done, else told how to get.

None of them is needed by everybody: without packer no image can be built, without sshd the sandbox has no hosts to
build them on, without a browser the tests of pages do not run. The rest works, so the set-up goes on without them.
FLOWMART_SYSTEM_PACKAGES=no leaves the system as it is.
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
"""sshd is there, and whoever is not root often has not got it on PATH."""


@dataclass(frozen=True)
class Package:
    """A program and Debian's package with it. `without`: what does not work when it is missing. `brew`: macOS's."""

    program: str
    name: str
    without: str
    brew: str = ""
    own: str = ""

    @property
    def remedy(self) -> str:
        """How a person gets it."""
        elsewhere = f", {self.brew} (macOS)" if self.brew else ""
        return f"install it with: apt-get install {self.name} (Debian, Ubuntu){elsewhere}"


PACKAGES = (
    Package("packer", "packer", "images cannot be built", "brew install packer", "FLOWMART_PACKER"),
    Package("sshd", "openssh-server", "the sandbox has no hosts to build images on or to configure"),
    Package("chromium", "chromium", "pages cannot be tested in a browser", "brew install chromium"),
    Package("chromedriver", "chromium-driver", "pages cannot be tested in a browser", "brew install chromedriver"),
)


@dataclass(frozen=True)
class System:
    """Where programs are looked for (`search`, as PATH), and how commands of root's begin; None: they cannot."""

    search: str
    as_root: tuple[str, ...] | None
    environ: Mapping[str, str]

    def has(self, program: str) -> bool:
        """Whether a program is there."""
        return shutil.which(program, path=self.search) is not None


def provide(system: System, packages: Sequence[Package] = PACKAGES) -> list[str]:
    """Install what is missing where that may be done; one line for each package, for people."""
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
                # Lists that could not be renewed may still be good: what cannot be installed says so itself.
                _apt(system, "update", "--quiet")
                updated = True
            lines.append(_missing(package, why) if why else _installed(system, package))
    return lines


def found(environ: Mapping[str, str], user: int) -> System:
    """This machine, for the user of that number: root, one who may become root without a password, or another."""
    search = os.pathsep.join([environ.get("PATH", os.defpath), _SYSTEM_FOLDERS])
    if user == 0:
        return System(search, (), environ)
    sudo = shutil.which("sudo", path=search)
    may = sudo is not None and _run((sudo, "-n", "true"), environ) == ""
    return System(search, (sudo, "-n") if sudo and may else None, environ)


def _why_not(system: System) -> str:
    """Why nothing can be installed here; empty when it can."""
    if system.environ.get(OPT_OUT) == "no":
        return f"{OPT_OUT}=no"
    if not system.has("apt-get"):
        return "this system has no apt-get"
    return "" if system.as_root is not None else "this needs root, or sudo without a password"


def _installed(system: System, package: Package) -> str:
    failed = _apt(system, "install", "--quiet", "--yes", "--no-install-recommends", package.name)
    if failed or not system.has(package.program):
        return _missing(package, failed or f"the package brings no {package.program}")
    if package.program == "sshd":
        _stop_service(system)
    return f"{package.program} installed (package {package.name})"


def _stop_service(system: System) -> None:
    """The sandbox starts an sshd of its own on loopback: nobody asked for one that listens to the network."""
    if Path("/run/systemd/system").is_dir() and system.has("systemctl"):
        for unit in ("ssh.socket", "ssh.service"):
            _as_root(system, "systemctl", "disable", "--now", unit)


def _missing(package: Package, why: str) -> str:
    return f"{package.program} is missing ({why}), so {package.without}; {package.remedy}"


def _apt(system: System, *arguments: str) -> str:
    # Through env, because sudo takes no variables along.
    return _as_root(system, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *arguments)


def _as_root(system: System, *command: str) -> str:
    return _run((*(system.as_root or ()), *command), {**system.environ, "PATH": system.search})


def _run(command: Sequence[str], environ: Mapping[str, str]) -> str:
    """Why a command failed, in its last words; empty when it did not."""
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
    """Provide the packages on this machine, and say in one line each what came of it. Never a reason to stop."""
    for line in provide(found(os.environ, os.geteuid())):
        print(f"setup: {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
