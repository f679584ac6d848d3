"""Everything that a run is wired from, made in one place (`compose`) and handed in.

Nothing that acts is global: two runs in one process share no time limit, no cancellation and no environment. A test
hands in a fake engine, a clock that does not wait and a store in memory.
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
    """What runs work with.

    Attributes:
        run: the id of the run in the run history; empty outside of one.
        checkouts: where releases are unpacked; None: in a temporary folder of each run.
        stops: ends all runs that were given the same.
        known: what was read of the ledger so far.
        accounts: what is worked on in each account by all runs that were given the same.
        rehearses: the environment of which a rollback is rehearsed; "" in every other run.
        pool: the work pools in which units are worked on, where an environment names one; None: none can be asked.
        root: the run that somebody started, where this one belongs to it; for the log.
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
        """The ledger, written in this run's name."""
        chosen = self.settings
        return Ledger(self.store, chosen.acting, self.run, chosen.platform_name, self.clock.now, self.known)

    @property
    def history(self) -> History:
        """What happened so far."""
        return History(self.settings, self.run, self.store, self.known)

    def releases(self) -> Releases:
        """The releases of the store, held against the ledger."""
        return Releases(self.store, self.ledger(), self.settings.executable, self.settings.charts)

    def release_id(self, name: str) -> str:
        """The whole id of the release whose id begins with `name`."""
        return name if self.checkouts is not None else self.releases().load(name).id

    @property
    def asks_no_prometheus(self) -> bool:
        """Whether FLOWMART_PROMETHEUS says that none may be asked, whatever is declared."""
        return self.settings.prometheus == NO_PROMETHEUS

    @property
    def asks_no_opensearch(self) -> bool:
        """Whether FLOWMART_OPENSEARCH says that no search server may be asked, whatever is declared."""
        return self.settings.opensearch == NO_OPENSEARCH

    def prometheus(self, environment: Environment, seconds: float) -> Prometheus:
        """The Prometheus of an environment, with a limit for each request."""
        return servers.prometheus(self.access, environment, seconds, self.settings.prometheus)

    def sources(self, environment: Environment, analysis: Analysis) -> Sources:
        """Who an analysis asks in an environment."""
        return servers.sources(self.access, environment, analysis, self.settings)

    def elasticsearch(self, environment: Environment, seconds: float) -> Elasticsearch:
        """The Elasticsearch or OpenSearch of an environment, to read from; `seconds` is the limit of a request."""
        return servers.elasticsearch(self.access, environment, seconds, self.settings.opensearch)

    def omitted(self, platform: Platform, environment: str) -> frozenset[str]:
        """The units that stay as they are, since no search server may be asked: those on one, and what needs them.

        A unit needs one whose outputs its inputs name; one that only comes after it goes ahead.
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
        """The environment as units of an engine see it."""
        on_search_server = self.engines[engine].on_search_server
        return servers.searched(environment, self.settings.opensearch) if on_search_server else environment

    def executable(self, engine: str) -> str:
        """The tool of an engine; empty when it needs none."""
        registered = self.engines[engine]
        return self.settings.executable(registered.variable, registered.executable) if registered.executable else ""

    def executable_beside(self, engine: str) -> str:
        """The tool that an engine's tool runs; empty when it runs none."""
        runs = self.engines[engine].runs
        return self.executable(runs) if runs else ""

    @contextmanager
    def unpacked(self) -> Iterator[Checkouts]:
        """Checkouts that go when this ends."""
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
    """The runtime that the settings describe; `history`: of the same store, where somebody has read it already.

    Raises:
        InvalidInput: a setting names an engine that there is not or no account, or the store cannot be opened.
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
    """A limit under a misspelt name would limit nothing."""
    for name in settings.parallelism_of:
        if name not in ENGINES and not _ACCOUNT.fullmatch(name):
            raise InvalidInput(
                f"FLOWMART_PARALLELISM_OF: {name} is neither an engine nor {ACCOUNT}ID of 12 digits; "
                f"the engines are {', '.join(sorted(ENGINES))}"
            )
