"""The releases that a run works with: their files in its temporary folder, and what they declare."""

from __future__ import annotations

import posixpath
import shutil
import threading
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Protocol

from tasks import manifest
from tasks.domain.platform import Platform
from tasks.domain.release import Provenance, Release
from tasks.domain.rules import Override, Suppression
from tasks.policy import rego
from tasks.releases.releases import Releases


class Checkout:
    """A release's files, and what they declare."""

    def __init__(
        self, release: Release, infrastructure: Path, platform: Platform, copies: Mapping[str, Path] | None = None
    ) -> None:
        self.release = release
        self.infrastructure = infrastructure
        self.platform = platform
        self._copies = copies or {}

    @cached_property
    def root(self) -> Path:
        """The folder that the sources of units are relative to."""
        return manifest.root(self.infrastructure, self.platform)

    def root_of(self, unit: str) -> Path:
        """Return that folder for one unit: units that share a source each work in a copy of their own."""
        return self._copies.get(unit, self.root)

    @cached_property
    def policies(self) -> rego.Policies:
        """The release's policies."""
        return rego.load(self.infrastructure / "policies")

    @cached_property
    def overrides(self) -> tuple[Override, ...]:
        """The release's exceptions from its policies."""
        return manifest.load_overrides(self.infrastructure)

    def suppressions(self, today: date) -> Sequence[Suppression]:
        """Return the drift that the release accepts on that day."""
        return manifest.load_suppressions(self.infrastructure, today)


class Checkouts(Protocol):
    """Provides the checkout of a release by its full id."""

    def of(self, release: str) -> Checkout:
        """Return the checkout of a release."""

    def provenance(self, release: str) -> Provenance:
        """Return where a release came from when it was last requested."""


class StoredCheckouts:
    """Checkouts of releases in a store; each is unpacked below `folder` when it is first used."""

    def __init__(self, releases: Releases, folder: Path) -> None:
        self._releases = releases
        self._folder = folder
        self._made: dict[str, Checkout] = {}
        self._lock = threading.Lock()

    def of(self, release: str) -> Checkout:
        """Return the checkout of a release, by its full id."""
        with self._lock:
            if release not in self._made:
                infrastructure = self._releases.checkout(release, self._folder / release)
                found = self._releases.load(release)
                platform = manifest.load(infrastructure)
                self._made[release] = Checkout(found, infrastructure, platform, _copies(infrastructure, platform))
            return self._made[release]

    def provenance(self, release: str) -> Provenance:
        """Return where a release came from when it was last requested, by its full id."""
        return self._releases.latest_request(release)


def _copies(infrastructure: Path, platform: Platform) -> dict[str, Path]:
    """Return {unit: its copy of the files} for units whose source an earlier unit of an environment uses too."""
    shared: set[str] = set()
    for environment in platform.environments:
        first: dict[str, str] = {}
        for declared in platform.units_in(environment.name):
            unit = manifest.resolve(platform, environment.name, declared.name)
            if first.setdefault(posixpath.normpath(unit.source), unit.name) != unit.name:
                shared.add(unit.name)
    root = manifest.root(infrastructure, platform)
    copies = {unit: _beside(infrastructure.parent) / unit / root.name for unit in sorted(shared)}
    for copy in copies.values():
        shutil.copytree(root, copy, symlinks=True)
    return copies


def _beside(checkout: Path) -> Path:
    """Return the folder for copies of a checkout: outside of it, because a release may contain any name."""
    return checkout.with_name(f"{checkout.name}-copies")
