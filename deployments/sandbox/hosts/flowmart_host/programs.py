"""The host's own programs, which replace this machine's. `main` runs the one with the given name."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import aptget, configurations, systemctl
from .root import Failed, not_emulated, place

Said = tuple[list[str], int]

_ZONES = Path("/usr/share/zoneinfo")
_VERSION = ("--version", "-v", "-V")


def stand_in(arguments: Sequence[str]) -> Said:
    """Act as a package's program: print its version, or check its configuration if the original can."""
    about: Mapping[str, Any] = json.loads(os.environ["FLOWMART_PROGRAM"])
    if arguments and arguments[0] in _VERSION:
        # Roles read the version from the original's own words.
        says = about.get("says", f"{about['name']} {about['version']}")
        return [f"{says} (a stand-in of the sandbox)"], 0
    if about.get("check") in arguments:
        file = configurations.named(arguments) or about["configuration"]
        configurations.check(about["name"], file, braces=about.get("braces", False))
        return [], 0
    raise not_emulated(f"{about['name']} that runs ({' '.join(arguments)})")


def timedatectl(arguments: Sequence[str]) -> Said:
    """Show or set the time zone of a host."""
    verb, *rest = [word for word in arguments if not word.startswith("--")] or ["status"]
    current = place("/etc/localtime")
    if verb == "set-timezone" and len(rest) == 1:
        if not (_ZONES / rest[0]).is_file():
            raise Failed(f"Failed to set time zone: Invalid or not installed time zone '{rest[0]}'")
        current.unlink(missing_ok=True)
        current.symlink_to(_ZONES / rest[0])
        place("/etc/timezone").write_text(f"{rest[0]}\n")
        return [], 0
    if verb == "status":
        zone = str(current.readlink()).partition("zoneinfo/")[2] if current.is_symlink() else "Etc/UTC"
        return [f"                Time zone: {zone}"], 0
    raise not_emulated(f"timedatectl {verb}")


def refused(what: str) -> Callable[[Sequence[str]], Said]:
    """Return a program that always fails as not emulated."""

    def refuse(_: Sequence[str]) -> Said:
        raise not_emulated(what)

    return refuse


PROGRAMS: Mapping[str, Callable[[Sequence[str]], Said]] = {
    "add-apt-repository": refused("package repositories besides Debian 12"),
    "apt-cache": aptget.policy,
    "apt-get": aptget.get,
    "apt-key": refused("keys of package repositories"),
    "apt-mark": aptget.mark,
    "dpkg": aptget.dpkg,
    "dpkg-query": aptget.query,
    "swapoff": refused("swap"),
    "swapon": refused("swap"),
    "systemctl": systemctl.main,
    "timedatectl": timedatectl,
}
"""Programs by name. The host's path finds them before this machine's own."""


def main(name: str, arguments: Sequence[str]) -> int:
    """Run the program with this name and return its exit code.

    This machine may have links to a replaced program, such as `shutdown` to `systemctl`. They are not emulated.
    """
    program = stand_in if name == "program" else PROGRAMS.get(name, refused(name))
    try:
        said, code = program(arguments)
    except Failed as error:
        sys.stderr.write(f"{error}\n")
        return error.code
    sys.stdout.write("".join(f"{line}\n" for line in said))
    return code
