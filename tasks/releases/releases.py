"""Releases: one commit of `infrastructure/`, frozen by content digest, archived in the store, checked out to work in.

The files are the commit's own, so what is in the working tree never counts. A release is
its content: the same files give the same release, whichever commit they come from. What a unit reads of it is
asked of the unit's engine; its digest decides whether the unit is touched.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tasks import manifest
from tasks.domain.errors import AlreadyExists, InvalidInput, NotFound
from tasks.domain.release import Release
from tasks.ledger.store import Store
from tasks.releases import archives
from tasks.releases import repository as git
from tasks.releases.contents import FOLDER, File, Kind, content_digest, write
from tasks.releases.portability import SUBMODULE, objections, submodule
from tasks.releases.unit_digests import unit_digests

DIGITS = 12
"""Of a release's digest make its id."""

SHORTEST = 4
"""Digits by which a release may be called, as git asks of a commit: fewer could be a slip."""


def create(repository: Path, ref: str, store: Store) -> Release:
    """Freeze `ref` (anything git understands) of a repository; the release that it already is, when there is one.

    The platform is loaded from the commit, so a release with a mistake in platform.yaml cannot be made; nor one
    with a mistake in drift.yaml, which would only show when the next report is due.

    Raises:
        InvalidInput: There is no such commit, it holds what cannot be released, or its platform has a mistake.
    """
    commit = _commit(repository, ref)
    files = committed(repository, commit.hash)
    digest = content_digest(files)
    release = Release(
        id=digest[:DIGITS],
        digest=digest,
        commit=commit.hash,
        subject=commit.subject,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        units=_units(files),
        author=commit.author,
    )
    return _put(store, release, archives.pack(files))


def committed(repository: Path, commit: str) -> tuple[File, ...]:
    """What a commit has below infrastructure/; `InvalidInput` names every file that cannot be in a release."""
    entries = git.tree(repository, commit, FOLDER)
    plain = [entry for entry in entries if entry.mode != SUBMODULE and entry.path != FOLDER]
    contents = git.blobs(repository, [entry.object for entry in plain])
    files = tuple(_file(entry, data) for entry, data in zip(plain, contents, strict=True))
    against = [submodule(entry.path) for entry in entries if entry.mode == SUBMODULE] + [*objections(files)]
    if len(plain) == len(entries) and not against:
        return files
    told = "\n".join(f"  {why}" for why in against or [f"{FOLDER} is not a folder in it."])
    raise InvalidInput(f"commit {commit[:12]} cannot be released:\n{told}")


def _commit(repository: Path, ref: str) -> git.Commit:
    found = git.find(repository, ref)
    if found is None:
        raise InvalidInput(
            f"{repository.resolve()}: git has no commit {ref}; `git log` and `git branch` show what is"
        )
    return found


def _file(entry: git.TreeEntry, data: bytes) -> File:
    kinds: dict[str, Kind] = {"100755": "executable", "120000": "link"}
    return File(entry.path.removeprefix(f"{FOLDER}/"), kinds.get(entry.mode, "file"), data)


def _units(files: Sequence[File]) -> dict[str, str]:
    """The digests of all units, of files that hang together; `InvalidInput` when they do not."""
    with tempfile.TemporaryDirectory(prefix="flowmart-release-") as folder:
        infrastructure = write(files, Path(folder))
        platform = manifest.load(infrastructure)
        manifest.refuse_miswired(infrastructure, platform)
        manifest.load_suppressions(infrastructure, datetime.now(UTC).date())
        return unit_digests(infrastructure, platform, files)


def has_uncommitted(repository: Path) -> bool:
    """Whether the working tree's infrastructure/ differs from HEAD."""
    return bool(git.git(repository, "status", "--porcelain", "--", FOLDER).strip())


def load(store: Store, name: str) -> Release:
    """The release whose id begins with `name`; `NotFound` or `InvalidInput` when none or several do."""
    if not name:
        raise InvalidInput("release: none was chosen; `flowmart release list` shows all")
    if len(name) < SHORTEST:
        raise InvalidInput(f"release {name}: give at least {SHORTEST} digits of its id")
    found = [release for release in ids(store) if release.startswith(name)]
    if not found:
        raise NotFound(
            f"release {name}: there is none; `flowmart release list` shows all, `release create` makes one"
        )
    if len(found) > 1:
        raise InvalidInput(f"release {name}: could be {' or '.join(found)}; give more digits")
    return Release(**json.loads(store.read(f"releases/{found[0]}.json")))


def ids(store: Store) -> tuple[str, ...]:
    """The ids of all releases."""
    return tuple(Path(name).stem for name in store.names("releases") if name.endswith(".json"))


def everyone(store: Store) -> tuple[Release, ...]:
    """All releases, oldest first."""
    found = (Release(**json.loads(store.read(f"releases/{name}.json"))) for name in ids(store))
    return tuple(sorted(found, key=lambda release: release.created_at))


def checkout(store: Store, release: str, into: Path) -> Path:
    """Unpack a release below `into`; its `infrastructure` folder. The files must add up to the release's digest."""
    return write(files_of(store, load(store, release)), into)


def files_of(store: Store, release: Release) -> tuple[File, ...]:
    """The files of a release, which add up to its digest."""
    place = f"releases/{release.id}.tar.gz"
    told = f"release {release.id}: its archive {place} in {store.address}"
    try:
        files = archives.unpack(store.read(place))
    except ValueError as error:
        raise InvalidInput(f"{told} cannot be unpacked: {error}") from error
    if content_digest(files) != release.digest:
        raise InvalidInput(f"{told} is not what was released")
    return files


def _put(store: Store, release: Release, archive: bytes) -> Release:
    # The archive may be there: the same content was released before, or an attempt ended between the two writes.
    with suppress(AlreadyExists):
        store.create(f"releases/{release.id}.tar.gz", archive)
    try:
        store.create(f"releases/{release.id}.json", json.dumps(asdict(release), indent=1, sort_keys=True).encode())
    except AlreadyExists:
        return load(store, release.id)
    return release
