"""The parts of python3-apt and python3-debian that Ansible's modules use, based on a host's packages.

`modules.py` provides them under the names that modules import: apt, apt_pkg, aptsources, debian.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from . import aptget, versions
from .packages import ARCHITECTURE, INSTALLED, Packages, catalogue
from .root import Failed, not_emulated

CURSTATE_INSTALLED, _CURSTATE_OTHER = 6, 0
version_compare = versions.compare


class FetchFailedException(Exception):
    """Never raised, because lists are not fetched. Modules refer to it."""


class LockFailedException(Exception):
    """Never raised, because a second caller waits. Modules refer to it."""


class Origin:
    """The origin of a version."""

    origin = label = "Debian"
    archive, component = "stable", "main"


class Version:
    """One version of a package."""

    architecture = ARCHITECTURE
    section = "misc"
    origins: Sequence[Origin] = (Origin(),)

    def __init__(self, version: str) -> None:
        self.version = self.ver_str = version


class Package:
    """One package. The high-level and the low-level class in one."""

    is_upgradable = False

    def __init__(self, name: str, states: dict[str, tuple[str, str]]) -> None:
        self.name = self.shortname = self.fullname = name
        version, status = states.get(name, ("", ""))
        self.is_installed = status == INSTALLED
        self.installed = Version(version) if self.is_installed else None
        self.candidate = Version(catalogue()[name].version)
        self.versions = [self.candidate]
        self.current_state = CURSTATE_INSTALLED if self.is_installed else _CURSTATE_OTHER
        self.installed_files = list(catalogue()[name].files) if status else []


class Cache:
    """All packages: `apt.Cache`, and the low-level cache below it."""

    def __init__(self, progress: object = None) -> None:
        self.open(progress)
        self._cache = self

    def open(self, progress: object = None) -> None:  # noqa: ARG002
        """Read the states of all packages."""
        self._states = Packages().states()

    def close(self) -> None:
        """Do nothing, because nothing is open."""

    def update(self, *_: object, **__: object) -> None:
        """Update the package lists."""
        aptget.update()

    def keys(self) -> list[str]:
        """Return the names of all packages."""
        return sorted(catalogue())

    def __iter__(self) -> Iterator[Package]:
        return (self[name] for name in self.keys())

    def __contains__(self, name: str) -> bool:
        return name in catalogue()

    def __getitem__(self, name: str) -> Package:
        if name not in catalogue():
            raise KeyError(name)
        return Package(name, self._states)

    def get_providing_packages(self, name: str) -> Sequence[Package]:
        """Fail as not emulated. Modules call this for packages outside the catalogue, which Debian may have."""
        raise not_emulated(f"package {name}")

    def is_virtual_package(self, _: str) -> bool:
        """Return False, because the catalogue has no virtual packages."""
        return False


class Policy:
    """Chooses the version of a package. There is only one."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def read_pinfile(self, _: str) -> None:
        """Do nothing, because pins cannot choose among one version."""

    def read_pindir(self, _: str) -> None:
        """Do nothing, because pins cannot choose among one version."""

    def create_pin(self, kind: str, name: str, wanted: str, _: int) -> None:
        """Reject pins of another release. Callers compare versions themselves."""
        if kind == "Release":
            raise not_emulated(f"release {wanted} for {name} (only Debian 12)")

    def get_candidate_ver(self, package: Package) -> Version:
        """Return the package's version."""
        return package.candidate


class Configuration:
    """Settings of apt, as in `apt_pkg.config`."""

    def find_file(self, _: str) -> str:
        """Return an empty path, because no module depends on the file."""
        return ""

    def __setitem__(self, name: str, value: str) -> None:
        raise not_emulated(f"setting {name}={value} of apt")


config = Configuration()


def get_architectures() -> list[str]:
    """Return the architecture that all hosts have."""
    return [ARCHITECTURE]


class DebPackage:
    """A package in a file, which is not emulated."""

    def __init__(self, file: str = "", **_: object) -> None:
        raise not_emulated(f"package from a file ({file})")


class Deb822:
    """A package repository, as `deb822_repository` writes it, which is not emulated."""

    def __init__(self, *_: object, **__: object) -> None:
        raise _no_repository()


def get_distro() -> object:
    """Fail as not emulated. `apt_repository` calls this first."""
    raise _no_repository()


def _no_repository() -> Failed:
    return not_emulated("package repositories besides Debian 12")
