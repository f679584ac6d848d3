"""Creates, loads, checks out and audits releases.

A release is its content: the same files make the same release, whichever commit they come from. The store holds

    releases/<id>.json                      the record: digest and unit digests
    releases/<id>.tar.gz                    the files
    releases/<id>/requests/<number>.json    each request for it, with the provenance of that time

and `tasks.releases.stored` returns a release only if all of these match.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

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
from tasks.releases import archives, commits, omitted, records, requests
from tasks.releases.contents import File, content_digest, write
from tasks.releases.records import DIGITS
from tasks.releases.repository import Commit
from tasks.releases.requests import Purpose, ReleaseRequest
from tasks.releases.stored import StoredRelease, recorded
from tasks.releases.unit_digests import unit_digests
from tasks.run_folder import run_folder

if TYPE_CHECKING:
    from tasks.releases.completion import Executable

_ID = re.compile(rf"[0-9a-f]{{{DIGITS}}}")

SHORTEST = 4
"""The fewest digits that may name a release, as in git. A shorter name is probably a typing error."""


class Releases:
    """The releases of one store, each checked against the ledger of that store."""

    def __init__(
        self, store: Store, ledger: Ledger, executable: Executable = lambda _, default: default, charts: str = ""
    ) -> None:
        self.store = store
        self.ledger = ledger
        self._executable = executable
        self._charts = charts

    def create(
        self,
        repository: Path,
        ref: str,
        requested_by: str,
        purpose: Purpose = "promote",
        pull_request: int | None = None,
    ) -> Release:
        """Create the release of a commit, or return it if it exists, and record the request.

        platform.yaml and drift.yaml are validated here. A mistake in drift.yaml would otherwise only show when the
        next drift report is due.

        Args:
            repository: a git repository.
            ref: anything that git resolves to a commit.
            requested_by: who requests it.
            purpose: "plan" if it will not be promoted.
            pull_request: the number of the commit's pull request, if it is known.

        Raises:
            InvalidInput: There is no such commit, it holds files that cannot be released, or its platform is invalid.
            DamagedRelease: The store holds something else under the release's id.
        """
        # Imported here because it needs the engines, and code that only reads releases does not.
        from tasks.releases.completion import completed

        commit = commits.commit_of(repository, ref)
        files = completed(commits.committed(repository, commit.hash), self._executable, self._charts)
        digest = content_digest(files)
        release = self._put(Release(digest[:DIGITS], digest, _units(files)), files)
        provenance = commits.provenance_of(commit, requested_by, pull_request)
        requests.record(self.store, release.id, provenance, purpose)
        return release

    def find(self, repository: Path, ref: str) -> Release:
        """Return the release of a commit.

        Raises:
            NotFound: It was not created yet.
        """
        commit = commits.commit_of(repository, ref)
        release = self.of_commit(repository, commit)
        if release is None:
            remedy = f"run `flowmart release create --ref {ref}` first"
            raise NotFound(f"{ref}: commit {commit.hash[:12]} is not released yet; {remedy}")
        return self.load(release)

    def of_commit(self, repository: Path, commit: Commit) -> str | None:
        """Return the id of the release of a commit; None if it was not created.

        The release is found by its content, or else by its requests. Its content may be more than the commit's:
        modules from elsewhere, and what Terragrunt finds.
        """
        known, release = self.known(), commits.release_id(repository, commit)
        if release in known:
            return release
        asked = ((each.provenance, name) for name in known for each in self.requests(name))
        for_it = [(provenance.at, name) for provenance, name in asked if provenance.commit == commit.hash]
        return max(for_it, key=itemgetter(0))[1] if for_it else None

    def load(self, name: str) -> Release:
        """Return the release whose id begins with `name`.

        It is read and checked once in a process; `checkout` checks again.

        Raises:
            NotFound: There is none.
            InvalidInput: The name is too short, or matches several.
            DamagedRelease: An object of the release in the store is missing or was changed.
        """
        read = self.ledger.known.releases
        release = name if name in read else self._id(name)
        if release not in read:
            stored = self._stored(release)
            stored.files()
            read[release] = stored.record()
        return read[release]

    def checkout(self, name: str, into: Path) -> Path:
        """Write the files of a release to `into`/infrastructure and return that folder.

        Raises the errors of `load`.
        """
        stored = self._stored(self._id(name))
        files = stored.files()
        infrastructure = write(files, into)
        if stored.recorded is None:
            stored.refuse_miscounted(unit_digests(infrastructure, manifest.load(infrastructure), files))
        return infrastructure

    def files(self, name: str) -> tuple[File, ...]:
        """Return the files of a release. Raises the errors of `load`."""
        return self._stored(self._id(name)).files()

    def made_without(self, name: str) -> omitted.Omitted:
        """Return the units that a release was made without. Raises the errors of `load`."""
        found = (file.data for file in self.files(name) if file.path == omitted.FILE)
        return next((omitted.decoded(data) for data in found), omitted.Omitted())

    def known(self) -> tuple[str, ...]:
        """Return the ids of all releases that the store or the ledger mentions, sorted."""
        names = (re.split("[./]", name.removeprefix("releases/"))[0] for name in self.store.names("releases"))
        return tuple(sorted(name for name in {*names, *recorded(self.ledger)} if _ID.fullmatch(name)))

    def all(self) -> tuple[tuple[RequestedRelease, ...], tuple[FlowmartError, ...]]:
        """Return all releases, the latest request last, and the errors of the damaged ones.

        Only records and requests are read, so that a long list is quick. `load` checks the archives.
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
        """Return the provenance of the latest request for a release, by its whole id."""
        return requests.latest_request(self.store, release)

    def requests(self, release: str) -> tuple[ReleaseRequest, ...]:
        """Return all requests for a release, oldest first, by its whole id."""
        return requests.requests(self.store, release)

    def promotions(self) -> dict[str, list[Provenance]]:
        """Return {release: its provenance in each promotion, according to the ledger}."""
        found: dict[str, list[Provenance]] = {}
        for environment in self.ledger.environments():
            # The audit of the ledger reports a damaged chain.
            with suppress(BrokenChain, UnreadableRecord):
                for event in (entry.event for entry in self.ledger.entries(environment)):
                    if isinstance(event, EnvironmentClaimed) and event.provenance.commit:
                        found.setdefault(event.release, []).append(event.provenance)
        return found

    def audit(self, release: str, promoted: Sequence[Provenance]) -> None:
        """Check all objects of a release in the store.

        Args:
            release: its whole id.
            promoted: its provenance according to the ledger, from `promotions`.

        Raises:
            FlowmartError: An error of `load`, or a request is missing or was changed.
        """
        with run_folder("audit") as folder:
            self.checkout(release, folder)
        self._stored(release).refuse_unrequested(promoted)

    def _put(self, release: Release, files: Sequence[File]) -> Release:
        stored = self._stored(release.id)
        # Either may exist: the same content was released before, or an attempt ended between the two writes.
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
            raise InvalidInput("release: none was chosen; `flowmart release list` lists all")
        if len(name) < SHORTEST:
            raise InvalidInput(f"release {name}: give at least {SHORTEST} digits of its id")
        if name in recorded(self.ledger):
            return name  # a whole id: no other release can begin with it
        found = [release for release in self.known() if release.startswith(name)]
        if not found:
            raise NotFound(
                f"release {name}: not found; `flowmart release list` lists all, `flowmart release create` makes one"
            )
        if len(found) > 1:
            raise InvalidInput(f"release {name}: could be {' or '.join(found)}; give more digits")
        return found[0]


def _units(files: Sequence[File]) -> dict[str, str]:
    """Return the digests of all units; `InvalidInput` if platform.yaml, its wiring or drift.yaml has a mistake."""
    with run_folder("release") as folder:
        infrastructure = write(files, folder)
        platform = manifest.load(infrastructure)
        manifest.refuse_miswired(infrastructure, platform)
        manifest.load_suppressions(infrastructure, datetime.now(UTC).date())
        return unit_digests(infrastructure, platform, files)
