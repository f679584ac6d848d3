"""The times that a release was asked for: `releases/<id>/requests/<number>.json`, create-only, in order.

The same content can come from several commits: a revert makes the release that it returns to, but it has its own
author. So a release says nothing about where it came from; each request does. The newest one to promote goes into the
ledger with the claim. Each carries the digest of the one before, as the ledger's entries do.
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
"""Of what this module writes and reads."""

Purpose = Literal["promote", "plan"]


@dataclass(frozen=True)
class ReleaseRequest:
    """One of them. `digest` is SHA-256 over everything else, `previous` the digest of the one before ("" for none).

    `purpose` is "plan" where somebody only wanted to see what the content would do: that says nothing about whose it
    is when it is promoted.
    """

    format: int
    number: int
    purpose: Purpose
    provenance: Provenance
    previous: str
    digest: str


def requests(store: Store, release: str) -> tuple[ReleaseRequest, ...]:
    """All requests for a release, oldest first.

    Raises:
        DamagedRelease: One of them is missing, or was changed after it was written.
    """
    found = [_read(store, release, name) for name in store.names(_folder(release))]
    previous = ""
    for number, request in enumerate(found, start=1):
        if request.number != number or request.previous != previous:
            told = (
                f"request {number} before {_name(release, request.number)} in {store.address} is missing or another"
            )
            raise DamagedRelease(f"release {release}: {told}. Restore it from a backup of the store.")
        previous = request.digest
    return tuple(found)


def latest_request(store: Store, release: str) -> Provenance:
    """Where a release came from the last time that somebody asked for it to be promoted, or to be planned at least.

    Raises:
        NotFound: Nobody asked for it.
        DamagedRelease: A newer request was changed after it was written.
    """
    newest = _newest(store, release, "promote") or _newest(store, release)
    if newest is None:
        raise NotFound(f"release {release}: nobody asked for it; `flowmart release create` makes one of a commit")
    return newest.provenance


def record(store: Store, release: str, provenance: Provenance, purpose: Purpose) -> None:
    """Write the next request, unless the newest one says the same already."""
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
        told = f"has format {found}, and this flowmart reads {FORMAT}; update it"
        raise UnreadableRecord(f"{where} {told}")


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
