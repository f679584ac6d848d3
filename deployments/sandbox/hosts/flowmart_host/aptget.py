"""`apt-get`, `apt-cache policy`, `apt-mark` and `dpkg`, as far as modules and roles use them: apt-get(8)."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence

from . import packages, versions
from .packages import ARCHITECTURE, INSTALLED, Packages, catalogue, known
from .root import Arguments, Failed, locked, not_emulated, place

Said = tuple[list[str], int]

LISTS, STAMP = "/var/lib/apt/lists", "/var/lib/apt/periodic/update-success-stamp"
_IGNORED = (
    *("-y", "--yes", "--assume-yes", "-q", "-qq", "--quiet", "--force-yes", "--fix-broken", "-f", "--no-remove"),
    *("--allow-downgrades", "--allow-unauthenticated", "--allow-change-held-packages", "--no-install-recommends"),
    *("--allow-releaseinfo-change", "--with-new-pkgs", "--no-install-suggests", "--fix-missing", "-m"),
)
_HEAD = ["Reading package lists...", "Building dependency tree...", "Reading state information..."]
_NOT_NAMED = re.compile(r"[^a-z0-9+.:~=-]")


def get(arguments: Sequence[str]) -> Said:
    """Run apt-get.

    Args:
        arguments: The command line without the program.

    Returns:
        Lines for standard output, and the exit code.

    Raises:
        Failed: The command fails or is not emulated.
    """
    given = _parsed(arguments)
    if given.target_release:
        raise not_emulated(f"release {given.target_release} (only Debian 12)")
    act = _VERBS.get(given.verb)
    if act is None:
        raise not_emulated(f"apt-get {given.verb}")
    with locked("packages"):
        return act(Packages(), given)


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Arguments("apt-get")
    parser.add_argument("-s", "--simulate", "--dry-run", "--just-print", action="store_true", dest="simulate")
    parser.add_argument("-o", "--option", action="append", default=[])
    parser.add_argument("-t", "--target-release", "--default-release", default="")
    for flag in ("--purge", "--only-upgrade", "--reinstall", "--auto-remove", "--autoremove"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("verb")
    parser.add_argument("packages", nargs="*")
    return parser.parse_intermixed_args([word for word in arguments if word not in _IGNORED])


def update() -> None:
    """Update the package lists. A host has only one: the catalogue."""
    packages.refuse_repositories()
    for path in (f"{LISTS}/partial", STAMP):
        place(path).parent.mkdir(parents=True, exist_ok=True)
    place(LISTS).touch()
    place(STAMP).touch()


def _update(_: Packages, __: argparse.Namespace) -> Said:
    update()
    return ["Hit:1 http://packages.example bookworm InRelease", _HEAD[0]], 0


def _install(there: Packages, given: argparse.Namespace) -> Said:
    names = [_named(word) for word in given.packages]
    if given.only_upgrade:
        names = [name for name in names if name in there.installed()]
    wanted = there.needed(names)
    more = sorted({*wanted} - {*names})
    said = [*_HEAD]
    if more:
        said += ["The following additional packages will be installed:", f"  {' '.join(more)}"]
    if wanted:
        said += ["The following NEW packages will be installed:", f"  {' '.join(sorted(wanted))}"]
    said.append(_sum(len(wanted), 0))
    for name in wanted:
        said.append(f"Inst {_release(name)}" if given.simulate else f"Setting up {name} ({known(name).version}) ...")
        if not given.simulate:
            there.install(name)
    return said, 0


def _named(word: str) -> str:
    """Return the name of the package that an argument selects. Raise `Failed` if it or its version is unknown."""
    if word.endswith(".deb") or _NOT_NAMED.search(word):
        raise not_emulated(f"package from a file or by a pattern ({word})")
    name, _, version = word.partition("=")
    package = known(name)
    if version and version != package.version:
        raise Failed(f"E: Version '{version}' for '{name}' was not found", 100)
    return package.name


def _release(name: str) -> str:
    return f"{name} ({known(name).version} Debian:12/stable [{ARCHITECTURE}])"


def _sum(new: int, gone: int) -> str:
    return f"0 upgraded, {new} newly installed, {gone} to remove and 0 not upgraded."


def _remove(there: Packages, given: argparse.Namespace) -> Said:
    purge = given.purge or given.verb == "purge"
    names = [word.partition("=")[0] for word in given.packages]
    for name in names:
        known(name)
    left = [name for name in names if purge and name in there.states() and name not in there.installed()]
    gone = [*there.needing(names), *left]
    base = [name for name in gone if known(name).base]
    if base:
        raise not_emulated(f"host without {', '.join(base)}: the sandbox itself needs it")
    mark = "*" if purge else ""
    said = [*_HEAD]
    if gone:
        said += ["The following packages will be REMOVED:", f"  {' '.join(f'{name}{mark}' for name in sorted(gone))}"]
    said.append(_sum(0, len(gone)))
    for name in gone:
        said.append(f"{'Remv' if given.simulate else 'Removing'} {name} ({known(name).version}) ...")
        if not given.simulate:
            there.remove(name, purge=purge)
    return said, 0


def _nothing(_: Packages, given: argparse.Namespace) -> Said:
    return ([*_HEAD, _sum(0, 0)] if "clean" not in given.verb else []), 0


_VERBS: Mapping[str, Callable[[Packages, argparse.Namespace], Said]] = {
    "autoclean": _nothing,
    "autoremove": _nothing,
    "clean": _nothing,
    # No package has a newer version than the installed one.
    "dist-upgrade": _nothing,
    "full-upgrade": _nothing,
    "install": _install,
    "purge": _remove,
    "remove": _remove,
    "update": _update,
    "upgrade": _nothing,
}


def mark(arguments: Sequence[str]) -> Said:
    """Run apt-mark. Marks have no effect, because no package is ever removed or upgraded automatically."""
    if not arguments or arguments[0] not in ("manual", "auto", "showhold", "showmanual"):
        raise not_emulated(f"apt-mark {' '.join(arguments[:1])}")
    there = Packages().installed()
    if arguments[0] == "showmanual":
        return sorted(there), 0
    return [f"{name} was already set to {arguments[0]}ly installed." for name in arguments[1:]], 0


def policy(arguments: Sequence[str]) -> Said:
    """Run apt-cache policy."""
    if not arguments or arguments[0] not in ("policy", "madison"):
        raise not_emulated(f"apt-cache {' '.join(arguments[:1])}")
    there, said = Packages().installed(), list[str]()
    for name in arguments[1:]:
        if name in catalogue():
            installed = there.get(name, "(none)")
            said += [f"{name}:", f"  Installed: {installed}", f"  Candidate: {catalogue()[name].version}"]
    return said, 0


def dpkg(arguments: Sequence[str]) -> Said:
    """Run dpkg. Only queries are emulated."""
    verb, *rest = arguments or ("",)
    if verb == "--print-architecture":
        return [ARCHITECTURE], 0
    if verb == "--print-foreign-architectures":
        return [], 0
    if verb == "--compare-versions" and len(rest) == 3:
        return [], 0 if _holds(*rest) else 1
    if verb in ("-s", "--status"):
        return query(["-W", "-f", _PARAGRAPH, *rest])
    if verb in ("-l", "--list"):
        return query(["-W", "-f", "ii  ${Package} ${Version} ${Architecture}\\n", *rest])
    if verb == "--get-selections":
        return query(["-W", "-f", "${Package}\\tinstall\\n", *rest])
    raise not_emulated(f"dpkg {verb}")


_PARAGRAPH = "Package: ${Package}\\nStatus: ${Status}\\nArchitecture: ${Architecture}\\nVersion: ${Version}\\n"


def _holds(one: str, relation: str, other: str) -> bool:
    found = versions.compare(one, other)
    signs = {"lt": found < 0, "le": found <= 0, "eq": found == 0, "ne": found != 0, "ge": found >= 0, "gt": found > 0}
    if relation not in signs:
        raise not_emulated(f"dpkg --compare-versions with {relation}")
    return signs[relation]


def query(arguments: Sequence[str]) -> Said:
    """Run dpkg-query --show."""
    parser = Arguments("dpkg-query")
    parser.add_argument("-W", "--show", action="store_true")
    parser.add_argument("-f", "--showformat", default="${Package}\\t${Version}\\n")
    parser.add_argument("packages", nargs="*")
    given = parser.parse_intermixed_args(list(arguments))
    if not given.show:
        raise not_emulated("dpkg-query without --show")
    states = Packages().states()
    missing = [name for name in given.packages if name not in states]
    if missing:
        raise Failed(f"dpkg-query: no packages found matching {missing[0]}")
    return ["".join(_formatted(given.showformat, name, *states[name]) for name in given.packages or states)], 0


def _formatted(form: str, name: str, version: str, status: str) -> str:
    short = "ii " if status == INSTALLED else "rc "
    values = {"Package": name, "binary:Package": name, "Version": version, "Status": status}
    values |= {"Architecture": ARCHITECTURE, "db:Status-Abbrev": short, "db:Status-Status": status.split()[-1]}
    text = re.sub(r"\$\{([\w:-]+)(?:;-?\d+)?\}", lambda match: values.get(match[1], ""), form)
    return text.replace("\\n", "\n").replace("\\t", "\t")
