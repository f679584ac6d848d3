"""Releases: one commit of `infrastructure/`, frozen by content digest, archived in the store, checked out to work in.

The archive is made by `git archive` from the commit, so what is in the working tree never counts. A release is
its content: the same files give the same release, whichever commit they come from. What a unit reads of it is
asked of the unit's engine; its digest decides whether the unit is touched.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks import manifest, processes
from tasks.domain.errors import AlreadyExists, InvalidInput, NotFound
from tasks.domain.platform import Check, Platform, Unit
from tasks.domain.release import Release
from tasks.domain.values import digest_of
from tasks.engines import ENGINES
from tasks.ledger.store import Store
from tasks.processes import Command

FOLDER = "infrastructure"

SHORTEST = 4
"""Digits by which a release may be called, as git asks of a commit: fewer could be a slip."""


def create(repository: Path, ref: str, store: Store) -> Release:
    """Freeze `ref` (anything git understands) of a repository; the release that it already is, when there is one.

    The platform is loaded from the commit, so a release with a mistake in platform.yaml cannot be made; nor one
    with a mistake in drift.yaml, which would only show when the next report is due.
    """
    commit = _git(repository, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").strip()
    archive = _archived(repository, commit)
    with _unpacked(archive) as infrastructure:
        digests, platform = file_digests(infrastructure), manifest.load(infrastructure)
        manifest.refuse_miswired(infrastructure, platform)
        manifest.load_suppressions(infrastructure, datetime.now(UTC).date())
        release = Release(
            id=digest_of(digests)[:12],
            digest=digest_of(digests),
            commit=commit,
            subject=_git(repository, "log", "-1", "--format=%s", commit).strip(),
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            units=_unit_digests(infrastructure, platform, digests),
            author=_git(repository, "log", "-1", "--format=%an <%ae>", commit).strip(),
        )
    return _put(store, release, archive)


def has_uncommitted(repository: Path) -> bool:
    """Whether the working tree's infrastructure/ differs from HEAD."""
    return bool(_git(repository, "status", "--porcelain", "--", FOLDER).strip())


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
    found = load(store, release)
    infrastructure = _unpack(store.read(f"releases/{found.id}.tar.gz"), into)
    if digest_of(file_digests(infrastructure)) != found.digest:
        raise InvalidInput(f"release {found.id}: its archive in {store.address} is not what was released")
    return infrastructure


def _archived(repository: Path, commit: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="flowmart-archive-") as folder:
        file = Path(folder) / "archive.tar.gz"
        _git(repository, "archive", "--format=tar.gz", f"--output={file}", commit, FOLDER)
        return file.read_bytes()


def _git(repository: Path, *arguments: str) -> str:
    done = processes.run(Command(("git", "-C", str(repository.resolve()), *arguments), Path.cwd(), time_limit=120))
    if done.exit_code != 0:
        reason = done.stderr.strip() or f"there is no {arguments[-1].removesuffix('^{commit}')}"
        raise InvalidInput(f"{repository.resolve()}: git {arguments[0]}: {reason}")
    return done.stdout


@contextmanager
def _unpacked(archive: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="flowmart-release-") as folder:
        yield _unpack(archive, Path(folder))


def _unpack(archive: bytes, into: Path) -> Path:
    # Python before 3.11.4 (Debian 12's) has no filters. `git archive` makes no archive that would need one.
    options: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(into, **options)  # noqa: S202 (see above; and the files must add up to the digest)
    return into / FOLDER


def file_digests(infrastructure: Path) -> dict[str, str]:
    """{path below infrastructure/: digest of mode and bytes} of every file."""
    files = (path for path in infrastructure.rglob("*") if path.is_file())
    return {str(path.relative_to(infrastructure)): _file_digest(path) for path in sorted(files)}


def _file_digest(path: Path) -> str:
    executable = b"x" if path.stat().st_mode & 0o100 else b"-"
    return hashlib.sha256(executable + path.read_bytes()).hexdigest()


def _unit_digests(infrastructure: Path, platform: Platform, digests: Mapping[str, str]) -> dict[str, str]:
    resolved = {
        f"{environment.name}/{unit.name}": manifest.resolve(platform, environment.name, unit.name)
        for environment in platform.environments
        for unit in platform.units_in(environment.name)
    }
    return {name: _unit_digest(infrastructure, unit, digests) for name, unit in resolved.items()}


def _unit_digest(infrastructure: Path, unit: Unit, digests: Mapping[str, str]) -> str:
    """Over the files that the unit reads and what is checked of it; its inputs have a digest of their own."""
    paths = [*ENGINES[unit.engine].reads(infrastructure, unit.source), *_scripts(unit.checks)]
    files = {path: digests[path] for path in paths if path in digests}
    return digest_of({"engine": unit.engine, "files": files, "checks": [asdict(check) for check in unit.checks]})


def _scripts(checks: tuple[Check, ...]) -> list[str]:
    return [str(check.options["path"]) for check in checks if check.kind == "script"]


def _put(store: Store, release: Release, archive: bytes) -> Release:
    # The archive may be there: the same content was released before, or an attempt ended between the two writes.
    with suppress(AlreadyExists):
        store.create(f"releases/{release.id}.tar.gz", archive)
    try:
        store.create(f"releases/{release.id}.json", json.dumps(asdict(release), indent=1, sort_keys=True).encode())
    except AlreadyExists:
        return load(store, release.id)
    return release
