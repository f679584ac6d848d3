"""Reads the objects of one release in the store, and returns them only if they match.

The files must make the digest in the record, and the id must be the first digits of that digest. The record must have
the digest that the ledger has stored since the first promotion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from tasks.domain.errors import BrokenChain, DamagedRelease, NotFound, UnreadableRecord
from tasks.domain.release import Provenance, Release
from tasks.ledger.chain import Ledger
from tasks.ledger.store import Store
from tasks.releases import archives, records
from tasks.releases.contents import File, content_digest
from tasks.releases.requests import latest_request, requests


def recorded(ledger: Ledger) -> dict[str, str]:
    """Return {release: the digest of its record} for all releases that were ever promoted."""
    found: dict[str, str] = {}
    for environment in ledger.environments():
        # A damaged chain stops its own environment; releases of other environments can still be read.
        with suppress(BrokenChain, UnreadableRecord):
            found |= ledger.state(environment).past.records
    return found


@dataclass(frozen=True)
class StoredRelease:
    """A release in a store, by its id. `recorded` is the record's digest in the ledger; None before a promotion."""

    store: Store
    id: str
    recorded: str | None

    @property
    def record_name(self) -> str:
        """Return the name of the record in the store."""
        return f"releases/{self.id}.json"

    @property
    def archive_name(self) -> str:
        """Return the name of the archive in the store."""
        return f"releases/{self.id}.tar.gz"

    def record(self) -> Release:
        """Return the release, read from its record.

        Raises:
            DamagedRelease: The record is missing or truncated, or differs from the one in the ledger.
            UnreadableRecord: Another version of the product wrote it.
        """
        name = f"its record {self.record_name}"
        try:
            found = records.decode(self.store.read(self.record_name), f"release {self.id}: {name}")
        except NotFound as error:
            raise self.damaged(name, "is missing") from error
        except ValueError as error:
            raise self.damaged(name, f"cannot be read ({error})") from error
        if found.id != self.id or self.recorded not in (None, records.digest(found)):
            raise self.damaged(name, "is not the one in the ledger")
        return found

    def files(self) -> tuple[File, ...]:
        """Return the files.

        Raises:
            DamagedRelease: The archive is missing or truncated, or its files do not make the digest in the record.
        """
        digest, name = self.record().digest, f"its archive {self.archive_name}"
        try:
            files = archives.unpack(self.store.read(self.archive_name))
        except NotFound as error:
            raise self.damaged(name, "is missing") from error
        except ValueError as error:
            raise self.damaged(name, f"cannot be unpacked ({error})") from error
        if content_digest(files) != digest:
            raise self.damaged(name, "is not what was released")
        return files

    def refuse_miscounted(self, units: Mapping[str, str]) -> None:
        """Compare freshly computed unit digests with the record; `DamagedRelease` if they differ.

        Only for a release that was never promoted: afterwards the ledger protects the record, and a newer version of
        the product may compute unit digests differently.
        """
        if self.recorded is None and self.record().units != units:
            raise self.damaged(f"its record {self.record_name}", "has other unit digests than its files")

    def refuse_unrequested(self, promoted: Sequence[Provenance]) -> None:
        """Check the requests, and that each provenance in the ledger has one.

        Raises:
            DamagedRelease: A request is missing or was changed.
        """
        known = [request.provenance for request in requests(self.store, self.id)]
        for origin in promoted:
            if origin not in known:
                damage = f"was promoted for commit {origin.commit[:12]}, but that request is not in the store"
                raise DamagedRelease(f"release {self.id} {damage}. Restore releases/{self.id}/ from a backup.")

    def damaged(self, what: str, how: str) -> DamagedRelease:
        """Return the error for a damaged object.

        One remedy is to create the release again, which writes the same bytes.
        """
        again = f"flowmart release create --ref {self._commit()}"
        remedy = f"Restore it from a backup, or delete it there and run `{again}`."
        return DamagedRelease(f"release {self.id}: {what} in {self.store.address} {how}. {remedy}")

    def _commit(self) -> str:
        with suppress(DamagedRelease, UnreadableRecord, NotFound):
            return latest_request(self.store, self.id).commit[:12]
        return "COMMIT"
