"""A host's packages: the catalogue, the installed ones, and the effects of installing or removing one.

/var/lib/dpkg/status has the installed packages in dpkg's own form (deb-control(5)), where programs look for them. As
with dpkg, existing configuration files are kept, and remain until a package is purged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .root import Failed, not_emulated, place
from .units import UNITS, Units

ARCHITECTURE = "amd64"
INSTALLED, REMOVED = "install ok installed", "deinstall ok config-files"
_STATUS = "/var/lib/dpkg/status"
_SOURCES = ("/etc/apt/sources.list", "/etc/apt/sources.list.d")
_PROGRAMS = "/usr/local/sbin"
_MACHINE = ("/usr/bin", "/usr/sbin")
_OWN = "/usr/local/lib/flowmart"
_REPOSITORY = re.compile(r"^\s*(?:deb(?:-src)?\s+(?:\[[^\]]*\]\s*)?|URIs:\s*)(?P<address>\S+)", re.MULTILINE)
_DEBIAN = ("packages.example", ".debian.org")
"""Suffixes of Debian's own package sources, and the source that every host has from the start."""


@dataclass(frozen=True)
class Package:
    """One package of the catalogue.

    Attributes:
        name: The name in Debian.
        version: The version in Debian 12.
        base: Whether every host has it from the start.
        depends: Names of packages that it needs.
        files: Configuration files with their text, folders (their paths end with a slash), links ({"link": target}).
        programs: Stand-ins by name, with their description for `programs.py`.
        commands: Programs that are this machine's own; where it has none, a stand-in says "not emulated".
        units: Services by name, with their description for `unit_text`.
        users: System users that it creates.
    """

    name: str
    version: str
    base: bool = False
    depends: tuple[str, ...] = ()
    files: Mapping[str, Any] = field(default_factory=dict)
    programs: Mapping[str, Any] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    units: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    users: tuple[str, ...] = ()


@cache
def catalogue() -> Mapping[str, Package]:
    """Return all packages by name."""
    found = json.loads(Path(__file__).with_name("catalogue.json").read_text())
    return {name: Package(name, **_frozen(each)) for name, each in found.items()}


def _frozen(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in found.items()}


class Packages:
    """The packages of this host."""

    def __init__(self) -> None:
        self._status = place(_STATUS)
        if not self._status.exists():
            self._record({each.name: (each.version, INSTALLED) for each in catalogue().values() if each.base})
            for package in filter(lambda each: each.base, catalogue().values()):
                self._unpack(package)

    def states(self) -> dict[str, tuple[str, str]]:
        """Return (version, status) by name, for packages that are installed or have left configuration files."""
        paragraphs = self._status.read_text().split("\n\n")
        read = [dict(line.split(": ", 1) for line in text.splitlines() if ": " in line) for text in paragraphs]
        return {each["Package"]: (each["Version"], each["Status"]) for each in read if "Package" in each}

    def installed(self) -> dict[str, str]:
        """Return versions of installed packages by name."""
        return {name: version for name, (version, status) in self.states().items() if status == INSTALLED}

    def needed(self, names: Iterable[str]) -> list[str]:
        """Return the packages to install, with dependencies, in the order of installation. Omit installed ones.

        Raises:
            Failed: A package is unknown.
        """
        there, order = self.installed(), list[str]()
        for name in names:
            package = known(name)
            for each in (*self.needed(package.depends), name):
                if each not in there and each not in order:
                    order.append(each)
        return order

    def needing(self, names: Iterable[str]) -> list[str]:
        """Return the installed ones of these packages. Installed packages that need them come first."""
        gone = [name for name in names if name in self.installed()]
        above = [each for each in self.installed() if set(known(each).depends) & {*gone} and each not in gone]
        return [*(self.needing(above) if above else []), *gone]

    def install(self, name: str) -> None:
        """Unpack and configure one package."""
        package = known(name)
        self._unpack(package)
        self._record({**self.states(), name: (package.version, INSTALLED)})

    def remove(self, name: str, *, purge: bool) -> None:
        """Remove one package. `purge` also deletes its configuration files."""
        package, states = known(name), self.states()
        units = Units()
        for unit in package.units:
            units.forget(f"{unit}.service")
        for program in (*package.programs, *package.commands):
            place(f"{_PROGRAMS}/{program}").unlink(missing_ok=True)
        if purge or not package.files:
            self._delete(package)
            states.pop(name, None)
        else:
            states[name] = (package.version, REMOVED)
        self._record(states)

    def _record(self, states: Mapping[str, tuple[str, str]]) -> None:
        self._status.parent.mkdir(parents=True, exist_ok=True)
        written = self._status.with_name("status-new")
        written.write_text("\n".join(_paragraph(name, *states[name]) for name in sorted(states)))
        written.replace(self._status)

    def _unpack(self, package: Package) -> None:
        for path, content in package.files.items():
            _put(place(path), content)
        for user in package.users:
            _make_user(user)
        missing = (
            name for name in package.commands if not any(place(f"{path}/{name}").exists() for path in _MACHINE)
        )
        for name, about in {**package.programs, **{each: {} for each in missing}}.items():
            _program(place(f"{_PROGRAMS}/{name}"), {"name": name, "version": package.version, **about})
        units = Units()
        for name, declared in package.units.items():
            _put(place(f"{UNITS}/{name}.service"), unit_text(declared), anew=True)
            units.install(f"{name}.service")

    def _delete(self, package: Package) -> None:
        for path, content in package.files.items():
            if content is not None:
                place(path).unlink(missing_ok=True)
        kept = {folder for each in catalogue().values() if each.name != package.name for folder in _folders(each)}
        for path in sorted(_folders(package) - kept, reverse=True):
            if place(path).is_dir() and not any(place(path).iterdir()):
                place(path).rmdir()


def _folders(package: Package) -> set[str]:
    """Return the folders of a package's files, except top-level ones such as /etc, which every host has."""
    # A path that ends with a slash is itself a folder.
    found = {str(parent) for path in package.files for parent in Path(f"{path}x").parents}
    return {path for path in found if path.count("/") > 1}


def known(name: str) -> Package:
    """Return a package of the catalogue.

    Raises:
        Failed: The sandbox does not have the package.
    """
    package = catalogue().get(name.removesuffix(f":{ARCHITECTURE}"))
    if package is None:
        raise Failed(f"E: Unable to locate package {name} ({not_emulated(f'package {name}')})", 100)
    return package


def refuse_repositories() -> None:
    """Reject package sources other than Debian's own.

    Raises:
        Failed: A source is not Debian's.
    """
    for file in _source_files():
        for found in _REPOSITORY.finditer(file.read_text(errors="replace")):
            if not str(urlsplit(found["address"]).hostname).endswith(_DEBIAN):
                raise not_emulated(f"package repository {found['address']} (/{file.relative_to(place('/'))})")


def _source_files() -> Iterator[Path]:
    for path in map(place, _SOURCES):
        if path.is_dir():
            yield from (file for file in sorted(path.iterdir()) if file.suffix in (".list", ".sources"))
        elif path.is_file():
            yield path


def unit_text(declared: Mapping[str, Any]) -> str:
    """Return the unit file of a service in the catalogue."""
    optional = {
        "ExecStartPre": "before",
        "ExecReload": "reload",
        "User": "user",
        "EnvironmentFile": "settings",
    }
    service = [f"Type={declared.get('type', 'simple')}"]
    service += [f"{key}={declared[name]}" for key, name in optional.items() if name in declared]
    service += [f"ExecStart={declared['exec']}", *(["RemainAfterExit=yes"] if declared.get("stays") else [])]
    wanted = declared.get("wanted_by", "multi-user.target")
    install = [f"WantedBy={wanted}"] if wanted else []
    install += [f"Alias={declared['alias']}.service"] if "alias" in declared else []
    sections = {"Unit": [f"Description={declared['description']}"], "Service": service, "Install": install}
    return "\n".join("\n".join([f"[{name}]", *lines, ""]) for name, lines in sections.items() if lines)


def _paragraph(name: str, version: str, status: str) -> str:
    return f"Package: {name}\nStatus: {status}\nArchitecture: {ARCHITECTURE}\nVersion: {version}\n"


def _put(path: Path, content: Any, *, anew: bool = False) -> None:
    if content is None:
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if not anew and (path.exists() or path.is_symlink()):
        return
    if isinstance(content, Mapping):
        path.symlink_to(content["link"])
        return
    path.write_text(content)
    path.chmod(0o644)


def _program(path: Path, about: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    described = json.dumps(about).replace("'", "'\\''")
    path.write_text(f"#!/bin/sh\nexport FLOWMART_PROGRAM='{described}'\nexec {_OWN}/run program \"$@\"\n")
    path.chmod(0o755)


def _make_user(name: str) -> None:
    """Create a user as adduser --system --group does, unless it exists."""
    taken = {line.split(":")[2] for file in ("passwd", "group") for line in _lines(file) if line.count(":") > 1}
    number = next(each for each in range(100, 1000) if str(each) not in taken)
    _add("group", name, f"{name}:x:{number}:")
    group = next(line.split(":")[2] for line in _lines("group") if line.startswith(f"{name}:"))
    _add("passwd", name, f"{name}:x:{number}:{group}::/nonexistent:/usr/sbin/nologin")
    _add("shadow", name, f"{name}:!:19000::::::")


def _lines(file: str) -> list[str]:
    return place(f"/etc/{file}").read_text().splitlines()


def _add(file: str, name: str, line: str) -> None:
    if not any(each.startswith(f"{name}:") for each in _lines(file)):
        with place(f"/etc/{file}").open("a") as database:
            database.write(f"{line}\n")
