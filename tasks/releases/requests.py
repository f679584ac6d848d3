"""Records the requests for a release: `releases/<id>/requests/<number>.json`, create-only, numbered from 1.

The same content can come from several commits: a revert makes the earlier release again, but has its own author. So
the provenance belongs to each request, not to the release. A claim writes the newest request to promote to the
ledger. Each request contains the digest of the one before it, as the ledger's entries do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from tasks.domain import records
from tasks.domain.errors import AlreadyExists, DamagedRelease, NotFound, UnreadableRecord
from tasks.domain.release import Provenance
from tasks.domain.values import digest_of
from tasks.ledger.store import Store

FORMAT = 1
"""The format that this module writes and reads."""

Purpose = Literal["promote", "plan"]


@dataclass(frozen=True)
class ReleaseRequest:
    """One request for a release.

    Attributes:
        format: `FORMAT`.
        number: its position among the requests, from 1.
        purpose: "plan" if only a plan was requested; then its author is not the author of a later promotion.
        provenance: the commit, author, subject and pull request.
        previous: the digest of the request before it; "" for the first.
        digest: SHA-256 over all other fields.
    """

    format: int
    number: int
    purpose: Purpose
    provenance: Provenance
    previous: str
    digest: str


def requests(store: Store, release: str) -> tuple[ReleaseRequest, ...]:
    """Return all requests for a release, oldest first.

    Raises:
        DamagedRelease: One of them is missing, or was changed after it was written.
    """
    found = [_read(store, release, name) for name in store.names(_folder(release))]
    previous = ""
    for number, request in enumerate(found, start=1):
        if request.number != number or request.previous != previous:
            damage = f"in {store.address}, request {number} or the one before it is missing or was replaced"
            raise DamagedRelease(f"release {release}: {damage}. Restore it from a backup of the store.")
        previous = request.digest
    return tuple(found)


def latest_request(store: Store, release: str) -> Provenance:
    """Return the provenance of the newest request to promote a release, or to plan it if there is none to promote.

    Raises:
        NotFound: There is no request.
        DamagedRelease: A request was changed after it was written.
    """
    newest = _newest(store, release, "promote") or _newest(store, release)
    if newest is None:
        raise NotFound(f"release {release}: it was never requested; run `flowmart release create` for its commit")
    return newest.provenance


def record(store: Store, release: str, provenance: Provenance, purpose: Purpose) -> None:
    """Write the next request, unless only the time differs from the newest one."""
    while True:
        newest = _newest(store, release)
        if newest is not None and _says(newest, provenance, purpose):
            return
        number, previous = (newest.number + 1, newest.digest) if newest else (1, "")
        request = _sealed(ReleaseRequest(FORMAT, number, purpose, provenance, previous, ""))
        try:
            store.create(
                _name(release, number), json.dumps(records.encode(request), indent=1, sort_keys=True).encode()
            )
        except AlreadyExists:
            continue
        return


def _says(newest: ReleaseRequest, provenance: Provenance, purpose: Purpose) -> bool:
    same = replace(newest.provenance, at="") == replace(provenance, at="")
    return same and purpose in ("plan", newest.purpose)


def _newest(store: Store, release: str, purpose: Purpose | None = None) -> ReleaseRequest | None:
    for name in reversed(store.names(_folder(release))):
        request = _read(store, release, name)
        if purpose in (None, request.purpose):
            return request
    return None


def _read(store: Store, release: str, name: str) -> ReleaseRequest:
    where = f"release {release}: its request {name} in {store.address}"
    try:
        content = json.loads(store.read(name))
        _refuse_other_formats(content, where)
        request = records.decode(ReleaseRequest, content, where)
    except ValueError as error:
        raise _damaged(where) from error
    if request != _sealed(request) or name != _name(release, request.number):
        raise _damaged(where)
    return request


def _refuse_other_formats(content: Any, where: str) -> None:
    found = content.get("format") if isinstance(content, Mapping) else None
    if found is None:
        raise ValueError("no format")
    if found != FORMAT:
        raise UnreadableRecord(f"{where} has format {found}, but this flowmart reads {FORMAT}; update flowmart")


def _damaged(where: str) -> DamagedRelease:
    remedy = "Restore it from a backup, or delete it there and create the release again."
    return DamagedRelease(f"{where} was changed after it was written. {remedy}")


def _sealed(request: ReleaseRequest) -> ReleaseRequest:
    content = {key: value for key, value in records.encode(request).items() if key != "digest"}
    return replace(request, digest=digest_of(content))


def _folder(release: str) -> str:
    return f"releases/{release}/requests"


def _name(release: str, number: int) -> str:
    return f"{_folder(release)}/{number:08d}.json"
