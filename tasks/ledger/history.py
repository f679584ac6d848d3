"""Answer questions about the past from the store, read-only: for flows and for commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tasks.domain.errors import NotFound, Refused
from tasks.domain.release import Provenance, Release
from tasks.ledger.chain import Known, Ledger
from tasks.ledger.entries import Entry
from tasks.ledger.opening import open_store
from tasks.ledger.state import EnvironmentState, left_behind
from tasks.ledger.store import Store
from tasks.ledger.verifications import rollback_target
from tasks.releases.releases import Releases
from tasks.settings import Settings


class History:
    """The releases and the ledger of one store."""

    def __init__(
        self, settings: Settings, run: str = "", store: Store | None = None, known: Known | None = None
    ) -> None:
        self.store = store or open_store(settings)
        self.platform = settings.platform_name
        self.ledger = Ledger(self.store, settings.acting, run, self.platform, known=known)
        self.releases = Releases(self.store, self.ledger, settings.executable, settings.charts)

    def release(self, name: str) -> Release:
        """Return the release whose id begins with `name`."""
        return self.releases.load(name)

    def state(self, environment: str) -> EnvironmentState:
        """Return the current state of an environment."""
        return self.ledger.state(environment)

    def current_release(self, environment: str) -> str:
        """Return the verified release of an environment, or that of the newest receipt; `NotFound` if neither."""
        found = self.state(environment)
        if found.verified:
            return found.verified
        receipts = sorted(found.receipts.values(), key=lambda receipt: receipt.at)
        if not receipts:
            raise NotFound(f"{environment}: no release has been promoted here yet")
        return receipts[-1].target.release

    def left_behind(self, environment: str) -> tuple[str, ...]:
        """Return the units that are applied in an environment but no longer declared by its release."""
        found = self.state(environment)
        return left_behind(found, self.release(self.current_release(environment))) if found.receipts else ()

    def verified_release(self, environment: str) -> str:
        """Return the release that is verified in an environment now; raises `Refused` if none is."""
        found = self.state(environment)
        if found.verified is None:
            raise Refused(f"{environment}: no release is verified here now; promote one, or roll back, first")
        return found.verified

    def earlier_release(self, environment: str, to: str | None) -> str:
        """Return the release to roll back to: `to` if it was verified here before; None: the one verified before.

        Raises:
            InvalidInput: there is no such release.
        """
        current, rejected = self.current_release(environment), self.state(environment).rejected
        wanted = None if to is None else self.release(to).id
        return rollback_target(environment, self.verified(environment), current, rejected, wanted)

    def verified(self, environment: str) -> Sequence[str]:
        """Return the ids of the releases verified in an environment, in the order of their last verification."""
        return self.state(environment).past.verified_releases

    def origin(self, environment: str, release: str) -> Provenance:
        """Return where a release came from when it was last verified in an environment; empty if it never was."""
        return self.state(environment).past.origins.get(release, Provenance())

    def last_begun(self, environment: str) -> str:
        """Return the release of the last promotion into an environment, however it ended; "" before the first."""
        return self.state(environment).past.last_begun

    def entry(self, name: str) -> Entry:
        """Return the ledger entry `environment/number`; raises `NotFound` if there is none."""
        environment, _, number = name.partition("/")
        try:
            return self.ledger.entry(environment, int(number))
        except (ValueError, NotFound) as error:
            hint = f"`flowmart history {environment}` lists all entries"
            raise NotFound(f"{name}: the ledger has no such entry; {hint}") from error


def chronological(chains: Iterable[Sequence[Entry]]) -> list[Entry]:
    """Return the entries of several chains by time; those of one chain stay in order even if a clock went back."""
    timed = []
    for chain in chains:
        latest = ""
        for entry in chain:
            latest = max(latest, entry.at)
            timed.append((latest, entry))
    return [entry for _, entry in sorted(timed, key=lambda each: each[0])]
