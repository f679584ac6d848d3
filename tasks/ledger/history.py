"""Questions about what happened, asked of the store without working on anything: for flows, and for people."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.domain.errors import NotFound, Refused
from tasks.domain.events import EnvironmentClaimed
from tasks.domain.release import Release
from tasks.ledger.chain import Ledger
from tasks.ledger.entries import Entry
from tasks.ledger.state import EnvironmentState, environment_state, left_behind
from tasks.ledger.store import Store
from tasks.ledger.verifications import rollback_target, verified
from tasks.releases import releases
from tasks.settings import Settings


class History:
    """The releases and the ledger of one store."""

    def __init__(self, settings: Settings, run: str = "", store: Store | None = None) -> None:
        self.store = store or Store.open(settings.store_address)
        self.ledger = Ledger(self.store, settings.acting, run)

    def release(self, name: str) -> Release:
        """The release whose id begins with `name`."""
        return releases.load(self.store, name)

    def state(self, environment: str) -> EnvironmentState:
        """Where an environment stands now."""
        return environment_state(environment, self.ledger.entries(environment))

    def current_release(self, environment: str) -> str:
        """The release that was last worked on in an environment and is still there; `NotFound` before the first."""
        found = self.state(environment)
        if found.verified:
            return found.verified
        receipts = sorted(found.receipts.values(), key=lambda receipt: receipt.at)
        if not receipts:
            raise NotFound(f"{environment}: no release has been promoted here yet")
        return receipts[-1].target.release

    def left_behind(self, environment: str) -> tuple[str, ...]:
        """Units that are applied in an environment and that the release there does not declare any more."""
        found = self.state(environment)
        return left_behind(found, self.release(self.current_release(environment))) if found.receipts else ()

    def verified_release(self, environment: str) -> str:
        """The release that is verified in an environment now; `Refused` where none is."""
        found = self.state(environment)
        if found.verified is None:
            raise Refused(f"{environment}: no release is verified here now; promote one, or roll back, first")
        return found.verified

    def earlier_release(self, environment: str, to: str | None) -> str:
        """The release to go back to: `to` if it was verified here before, or the one verified before this one."""
        current, rejected = self.current_release(environment), self.state(environment).rejected
        wanted = None if to is None else self.release(to).id
        return rollback_target(environment, self.verified(environment), current, rejected, wanted)

    def verified(self, environment: str) -> Sequence[str]:
        """The releases that were verified in an environment, oldest first, again each time."""
        return verified(self.ledger.entries(environment))

    def last_begun(self, environment: str) -> str:
        """The release that a promotion into an environment was last begun with, however it ended; "" before any."""
        happened = (entry.event for entry in reversed(self.ledger.entries(environment)))
        claims = (event for event in happened if isinstance(event, EnvironmentClaimed))
        return next((event.release for event in claims if event.purpose == "promote"), "")

    def entry(self, name: str) -> Entry:
        """The ledger entry `environment/number`."""
        environment, _, number = name.partition("/")
        for entry in self.ledger.entries(environment):
            if str(entry.number) == number:
                return entry
        raise NotFound(f"{name}: the ledger has no such entry; `flowmart history {environment}` lists them")
