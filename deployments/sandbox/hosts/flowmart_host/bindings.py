"""What Ansible's modules ask of python3-apt and python3-debian, answered from a host's packages.

`modules.py` gives these the names that modules import: apt, apt_pkg, aptsources, debian.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from . import aptget, versions
from .packages import ARCHITECTURE, INSTALLED, Packages, catalogue
from .root import Failed, not_emulated

CURSTATE_INSTALLED, _CURSTATE_OTHER = 6, 0
version_compare = versions.compare


class FetchFailedException(Exception):
    """Never raised: lists are not fetched. Modules name it."""


class LockFailedException(Exception):
    """Never raised: whoever comes second waits. Modules name it."""


class Origin:
    """Where a version is from."""

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
    """One package, high level and low level in one."""

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
        """Read what is installed."""
        self._states = Packages().states()

    def close(self) -> None:
        """Nothing is held open."""

    def update(self, *_: object, **__: object) -> None:
        """Fetch the lists."""
        aptget.update()

    def keys(self) -> list[str]:
        """The names of all packages."""
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
        """Asked for a package that is not in the catalogue, which Debian may well have."""
        raise not_emulated(f"package {name}")

    def is_virtual_package(self, _: str) -> bool:
        """No package of the catalogue is."""
        return False


class Policy:
    """Which version of a package is to be had: the one that there is."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def read_pinfile(self, _: str) -> None:
        """Pins cannot choose among one version."""

    def read_pindir(self, _: str) -> None:
        """Pins cannot choose among one version."""

    def create_pin(self, kind: str, name: str, wanted: str, _: int) -> None:
        """A version is compared by who asks; another release there is not."""
        if kind == "Release":
            raise not_emulated(f"release {wanted} for {name} (only Debian 12)")

    def get_candidate_ver(self, package: Package) -> Version:
        """Its version."""
        return package.candidate


class Configuration:
    """`apt_pkg.config`."""

    def find_file(self, _: str) -> str:
        """No file that anything depends on."""
        return ""

    def __setitem__(self, name: str, value: str) -> None:
        raise not_emulated(f"setting {name}={value} of apt")


config = Configuration()


def get_architectures() -> list[str]:
    """The one of all hosts."""
    return [ARCHITECTURE]


class DebPackage:
    """A package in a file."""

    def __init__(self, file: str = "", **_: object) -> None:
        raise not_emulated(f"package from a file ({file})")


class Deb822:
    """A source of packages, as `deb822_repository` writes it."""

    def __init__(self, *_: object, **__: object) -> None:
        raise _no_repository()


def get_distro() -> object:
    """What `apt_repository` asks first."""
    raise _no_repository()


def _no_repository() -> Failed:
    return not_emulated("package repositories besides Debian 12")
