"""Everything that a run works with, created in one place (`compose`) and passed in.

Nothing with effects is global: two runs in one process share no time limit, no cancellation and no environment. A
test passes in a fake engine, a clock that does not wait and a store in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tasks import manifest
from tasks.analysis import Sources
from tasks.clock import Clock, SystemClock
from tasks.domain import graph, references
from tasks.domain.analysis import Analysis
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Environment, Platform
from tasks.elasticsearch.client import Elasticsearch
from tasks.engines import ENGINES, Engine
from tasks.jobs.pool import Pool
from tasks.ledger.chain import Known, Ledger
from tasks.ledger.history import History
from tasks.ledger.opening import open_store
from tasks.ledger.store import Store
from tasks.monitoring.client import Prometheus
from tasks.promotion import access as servers
from tasks.promotion.access import NO_OPENSEARCH, NO_PROMETHEUS, Access, AssumedRoles
from tasks.promotion.checkouts import Checkouts, StoredCheckouts
from tasks.promotion.reporter import Reporter, Silent
from tasks.promotion.stopping import Stops
from tasks.promotion.turns import ACCOUNT, Accounts
from tasks.releases.releases import Releases
from tasks.run_folder import remove_leftovers, run_folder
from tasks.settings import Settings

_ACCOUNT = re.compile(rf"{ACCOUNT}\d{{12}}", re.ASCII)


@dataclass(frozen=True)
class Runtime:
    """The settings, services and shared state that runs work with.

    Attributes:
        run: the id of the run in the run history; "" outside of one.
        checkouts: where releases are unpacked; None: in a temporary folder of each run.
        stops: stops all runs that were given the same object.
        known: what was read of the ledger so far.
        accounts: counts the units worked on in each account, for all runs that were given the same object.
        rehearses: the environment whose rollback is rehearsed; "" in every other run.
        pool: reaches the work pools for environments that name one; None: no pool can be reached.
        root: the top-level run, if this one belongs to it; for the log.
        is_job: whether this is a job of a pool, which works on its unit itself.
    """

    settings: Settings
    store: Store
    access: Access
    engines: Mapping[str, Engine] = field(default_factory=lambda: ENGINES)
    clock: Clock = field(default_factory=SystemClock)
    reporter: Reporter = field(default_factory=Silent)
    run: str = ""
    checkouts: Checkouts | None = None
    stops: Stops = field(default_factory=Stops)
    known: Known = field(default_factory=Known)
    accounts: Accounts = field(default_factory=Accounts)
    rehearses: str = ""
    pool: Pool | None = None
    root: str = ""
    is_job: bool = False

    def ledger(self) -> Ledger:
        """Return the ledger; its entries name this run."""
        chosen = self.settings
        return Ledger(self.store, chosen.acting, self.run, chosen.platform_name, self.clock.now, self.known)

    @property
    def history(self) -> History:
        """The history of the platform's environments."""
        return History(self.settings, self.run, self.store, self.known)

    def releases(self) -> Releases:
        """Return the releases of the store, checked against the ledger."""
        return Releases(self.store, self.ledger(), self.settings.executable, self.settings.charts)

    def release_id(self, name: str) -> str:
        """Return the full id of the release whose id begins with `name`."""
        return name if self.checkouts is not None else self.releases().load(name).id

    @property
    def asks_no_prometheus(self) -> bool:
        """Whether FLOWMART_PROMETHEUS forbids queries to any Prometheus, whatever is declared."""
        return self.settings.prometheus == NO_PROMETHEUS

    @property
    def asks_no_opensearch(self) -> bool:
        """Whether FLOWMART_OPENSEARCH forbids requests to any search server, whatever is declared."""
        return self.settings.opensearch == NO_OPENSEARCH

    def prometheus(self, environment: Environment, seconds: float) -> Prometheus:
        """Return the Prometheus client of an environment; `seconds` is the time limit of each request."""
        return servers.prometheus(self.access, environment, seconds, self.settings.prometheus)

    def sources(self, environment: Environment, analysis: Analysis) -> Sources:
        """Return the clients of the servers that an analysis queries in an environment."""
        return servers.sources(self.access, environment, analysis, self.settings)

    def elasticsearch(self, environment: Environment, seconds: float) -> Elasticsearch:
        """Return the read-only Elasticsearch or OpenSearch client; `seconds` is the time limit of each request."""
        return servers.elasticsearch(self.access, environment, seconds, self.settings.opensearch)

    def omitted(self, platform: Platform, environment: str) -> frozenset[str]:
        """Return the units to omit because no search server may be used: those on one, and their dependents.

        A dependent is a unit whose inputs name an omitted unit's outputs. One that only comes after it is not
        omitted.
        """
        found: set[str] = set()
        declared = platform.units_in(environment) if self.asks_no_opensearch else ()
        units = {unit.name: manifest.resolve(platform, environment, unit.name) for unit in declared}
        for name in graph.order({name: unit.needs for name, unit in units.items()}):
            taken = references.sources(units[name].inputs)
            if self.engines[units[name].engine].on_search_server or not found.isdisjoint(taken):
                found.add(name)
        return frozenset(found)

    def at(self, environment: Environment, engine: str) -> Environment:
        """Return the environment as units of an engine see it."""
        on_search_server = self.engines[engine].on_search_server
        return servers.searched(environment, self.settings.opensearch) if on_search_server else environment

    def executable(self, engine: str) -> str:
        """Return the engine's tool; "" when it needs none."""
        registered = self.engines[engine]
        return self.settings.executable(registered.variable, registered.executable) if registered.executable else ""

    def executable_beside(self, engine: str) -> str:
        """Return the tool that the engine's tool runs; "" when it runs none."""
        runs = self.engines[engine].runs
        return self.executable(runs) if runs else ""

    @contextmanager
    def unpacked(self) -> Iterator[Checkouts]:
        """Yield checkouts that are removed when the context ends, unless they were passed in."""
        if self.checkouts is not None:
            yield self.checkouts
            return
        remove_leftovers()
        with run_folder("checkout") as folder:
            yield StoredCheckouts(self.releases(), folder)


def compose(
    settings: Settings,
    run: str = "",
    reporter: Reporter | None = None,
    stops: Stops | None = None,
    history: History | None = None,
    accounts: Accounts | None = None,
) -> Runtime:
    """Create the runtime that the settings describe.

    Args:
        settings: what the user configured.
        run: the id of the run in the run history.
        reporter: receives what happens; None: nothing is reported.
        stops: stops this run together with others.
        history: a history of the same store whose ledger entries were already read.
        accounts: counts units by account across runs.

    Raises:
        InvalidInput: a limit names neither an engine nor an account, or the store cannot be opened.
    """
    _refuse_unknown_limits(settings)
    return Runtime(
        settings=settings,
        store=history.store if history else open_store(settings),
        access=AssumedRoles(f"{settings.platform_name}-{run}"),
        reporter=reporter or Silent(),
        run=run,
        stops=stops or Stops(),
        known=history.ledger.known if history else Known(),
        accounts=accounts or Accounts(),
    )


def _refuse_unknown_limits(settings: Settings) -> None:
    """Reject a limit under a misspelt name, which would limit nothing."""
    for name in settings.parallelism_of:
        if name not in ENGINES and not _ACCOUNT.fullmatch(name):
            raise InvalidInput(
                f"FLOWMART_PARALLELISM_OF: {name} is neither an engine nor {ACCOUNT}ID of 12 digits; "
                f"the engines are {', '.join(sorted(ENGINES))}"
            )
