"""Releases: the content of `infrastructure/`, frozen by digest, archived in the store, checked out to work in.

A release is its content: the same files give the same release, whichever commit they come from. The store has

    releases/<id>.json                      its record: digest and unit digests
    releases/<id>.tar.gz                    its files
    releases/<id>/requests/<number>.json    each time that it was asked for, and where it came from then

and `tasks.releases.stored` gives a release out only if all of that holds together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from tasks import manifest
from tasks.domain.errors import (
    AlreadyExists,
    BrokenChain,
    DamagedRelease,
    FlowmartError,
    InvalidInput,
    NotFound,
    UnreadableRecord,
)
from tasks.domain.events import EnvironmentClaimed
from tasks.domain.release import Provenance, Release, RequestedRelease
from tasks.ledger.chain import Ledger
from tasks.ledger.store import Store
from tasks.releases import archives, commits, records, requests
from tasks.releases.contents import File, content_digest, write
from tasks.releases.records import DIGITS
from tasks.releases.requests import Purpose, ReleaseRequest
from tasks.releases.stored import StoredRelease, recorded
from tasks.releases.unit_digests import unit_digests
from tasks.run_folder import run_folder

_ID = re.compile(rf"[0-9a-f]{{{DIGITS}}}")

SHORTEST = 4
"""Digits by which a release may be called, as git asks of a commit: fewer could be a slip."""


class Releases:
    """The releases of one store, each held against the ledger of that store."""

    def __init__(self, store: Store, ledger: Ledger) -> None:
        self.store = store
        self.ledger = ledger

    def create(
        self,
        repository: Path,
        ref: str,
        requested_by: str,
        purpose: Purpose = "promote",
        pull_request: int | None = None,
    ) -> Release:
        """Make the release of a commit, or find the one that it is already; and record who asked for it.

        The platform is loaded from the commit, so a release with a mistake in platform.yaml cannot be made; nor one
        with a mistake in drift.yaml, which would only show when the next report is due.

        Args:
            repository: a git repository.
            ref: anything that git understands as a commit.
            requested_by: who asks.
            purpose: "plan" where nothing of it will be promoted.
            pull_request: the number of the one that brings the commit, where it is known.

        Raises:
            InvalidInput: There is no such commit, it holds what cannot be released, or its platform has a mistake.
            DamagedRelease: The store has something else under the release's id.
        """
        commit = commits.commit_of(repository, ref)
        files = commits.committed(repository, commit.hash)
        digest = content_digest(files)
        release = self._put(Release(digest[:DIGITS], digest, _units(files)), files)
        provenance = commits.provenance_of(commit, requested_by, pull_request)
        requests.record(self.store, release.id, provenance, purpose)
        return release

    def find(self, repository: Path, ref: str) -> Release:
        """The release that a commit is, without making one; `NotFound` where nobody made it."""
        commit = commits.commit_of(repository, ref)
        release = commits.release_id(repository, commit)
        if release not in self.known():
            told = f"commit {commit.hash[:12]} is not released yet; `flowmart release create --ref {ref}` does it"
            raise NotFound(f"{ref}: {told}")
        return self.load(release)

    def load(self, name: str) -> Release:
        """The release whose id begins with `name`.

        Raises:
            NotFound: There is none.
            InvalidInput: The name is too short, or could be several.
            DamagedRelease: The store does not have it as it was made.
        """
        stored = self._stored(self._id(name))
        stored.files()
        return stored.record()

    def checkout(self, name: str, into: Path) -> Path:
        """Write the files of a release below `into`; its `infrastructure` folder. Raises what `load` does."""
        stored = self._stored(self._id(name))
        files = stored.files()
        infrastructure = write(files, into)
        if stored.recorded is None:
            stored.refuse_miscounted(unit_digests(infrastructure, manifest.load(infrastructure), files))
        return infrastructure

    def files(self, name: str) -> tuple[File, ...]:
        """The files of a release. Raises what `load` does."""
        return self._stored(self._id(name)).files()

    def known(self) -> tuple[str, ...]:
        """The ids of all releases that the store or the ledger has anything of, sorted."""
        names = (re.split("[./]", name.removeprefix("releases/"))[0] for name in self.store.names("releases"))
        return tuple(sorted(name for name in {*names, *recorded(self.ledger)} if _ID.fullmatch(name)))

    def everyone(self) -> tuple[tuple[RequestedRelease, ...], tuple[FlowmartError, ...]]:
        """All releases, the one that was asked for last at the end; and what is wrong with those that are damaged.

        Only records and requests are read, so that a list of many is quick: whoever uses a release loads it.
        """
        found: list[RequestedRelease] = []
        damage: list[FlowmartError] = []
        for release in self.known():
            try:
                found.append(RequestedRelease(self._stored(release).record(), self.latest_request(release)))
            except (DamagedRelease, NotFound, UnreadableRecord) as error:
                damage.append(error)
        return tuple(sorted(found, key=lambda each: each.provenance.at)), tuple(damage)

    def latest_request(self, release: str) -> Provenance:
        """Where a release came from the last time that it was asked for, by its whole id."""
        return requests.latest_request(self.store, release)

    def requests(self, release: str) -> tuple[ReleaseRequest, ...]:
        """All times that a release was asked for, oldest first, by its whole id."""
        return requests.requests(self.store, release)

    def promotions(self) -> dict[str, list[Provenance]]:
        """{release: where the ledger says that it came from, each time that it was promoted somewhere}."""
        found: dict[str, list[Provenance]] = {}
        for environment in self.ledger.environments():
            # What is wrong with a chain is said where chains are audited.
            with suppress(BrokenChain, UnreadableRecord):
                for event in (entry.event for entry in self.ledger.entries(environment)):
                    if isinstance(event, EnvironmentClaimed) and event.provenance.commit:
                        found.setdefault(event.release, []).append(event.provenance)
        return found

    def audit(self, release: str, promoted: Sequence[Provenance]) -> None:
        """Check all that the store has of a release, by its whole id; raises what is wrong with it.

        Args:
            release: its id.
            promoted: where the ledger says that it came from, as `promotions` has it.
        """
        with run_folder("audit") as folder:
            self.checkout(release, folder)
        self._stored(release).refuse_unrequested(promoted)

    def _put(self, release: Release, files: Sequence[File]) -> Release:
        stored = self._stored(release.id)
        # Either may be there: the same content was released before, or an attempt ended between the two writes.
        with suppress(AlreadyExists):
            self.store.create(stored.archive_name, archives.pack(files))
        with suppress(AlreadyExists):
            self.store.create(stored.record_name, records.encode(release))
        stored.files()
        stored.refuse_miscounted(release.units)
        return stored.record()

    def _stored(self, release: str) -> StoredRelease:
        return StoredRelease(self.store, release, recorded(self.ledger).get(release))

    def _id(self, name: str) -> str:
        if not name:
            raise InvalidInput("release: none was chosen; `flowmart release list` shows all")
        if len(name) < SHORTEST:
            raise InvalidInput(f"release {name}: give at least {SHORTEST} digits of its id")
        found = [release for release in self.known() if release.startswith(name)]
        if not found:
            raise NotFound(
                f"release {name}: there is none; `flowmart release list` shows all, `release create` makes one"
            )
        if len(found) > 1:
            raise InvalidInput(f"release {name}: could be {' or '.join(found)}; give more digits")
        return found[0]


def _units(files: Sequence[File]) -> dict[str, str]:
    """The digests of all units, of files that hang together; `InvalidInput` when they do not."""
    with run_folder("release") as folder:
        infrastructure = write(files, folder)
        platform = manifest.load(infrastructure)
        manifest.refuse_miswired(infrastructure, platform)
        manifest.load_suppressions(infrastructure, datetime.now(UTC).date())
        return unit_digests(infrastructure, platform, files)
