"""One run in one environment: a release to promote, and the earlier releases to roll back to.

`EnvironmentRun` opens what the verbs of a promotion need: checkouts, credentials by purpose, engines and the ledger.
It keeps nothing beyond the run; everything lasting is in the ledger.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

import structlog

from tasks import manifest
from tasks.domain import graph, references
from tasks.domain.errors import InvalidInput
from tasks.domain.events import Event
from tasks.domain.plan import Change
from tasks.domain.platform import Environment, Platform, Unit
from tasks.domain.release import Inputs, Provenance, Receipt, Release, Target
from tasks.domain.rules import Suppression, Violation
from tasks.domain.values import MASK, texts
from tasks.engines.base import UnitEngine, Workspace
from tasks.engines.masked import masked
from tasks.jobs.desk import Desk
from tasks.jobs.engine import Jobs, PooledEngine
from tasks.jobs.waiting import Waiting
from tasks.ledger.chain import Ledger
from tasks.ledger.secret_key import secret_key
from tasks.ledger.state import EnvironmentState
from tasks.processes import Processes
from tasks.promotion import claims, urgency, workspaces
from tasks.promotion.approved import Approved
from tasks.promotion.checkouts import Checkout, Checkouts
from tasks.promotion.runtime import Runtime
from tasks.promotion.turns import Turns
from tasks.promotion.under_way import LOGGER
from tasks.releases import omitted
from tasks.releases.omitted import Omitted

log = structlog.get_logger(LOGGER)


class EnvironmentRun:
    """One environment and one release, ready to work with. Create it with `opened`.

    Attributes:
        halted: set when nothing more may start, because a unit failed or the run is being cancelled.
        approved: which plans may be applied, if the gate limits them: approved by a person, or reversible.
        drifting: units to plan although the release brings nothing new, because they have drifted.
        together: {unit: release} of the units worked on at the same time now.
        restored: {unit: changes} that this run's rollback has applied.
        turns: decides which unit is next, and how many are worked on at the same time.
        validated: {unit: violations} from validators, which read only the release's files.
        claim: the id of the ledger entry by which the run holds the environment; "" if it does not.
        jobs: the jobs in which units are worked on; None: in this process.
    """

    def __init__(
        self, runtime: Runtime, ledger: Ledger, checkouts: Checkouts, release: str, environment: str
    ) -> None:
        self.runtime = runtime
        self.clock = runtime.clock
        self.reporter = runtime.reporter
        self.ledger = ledger
        self.processes = Processes()
        self.halted = threading.Event()
        self.approved: Approved | None = None
        self.drifting: frozenset[str] = frozenset()
        self.restored: dict[str, tuple[Change, ...]] = {}
        self.validated: dict[str, tuple[Violation, ...]] = {}
        self.together: Mapping[str, str] = {}
        self.turns = Turns(runtime.settings.parallelism, runtime.settings.parallelism_of, runtime.accounts)
        self._checkouts = checkouts
        self.claim = ""
        self.release: Release = self.checkout(release).release
        self._refuse_another_platform(runtime.settings.platform_name)
        self.environment = self._environment(environment)
        self.jobs = self._jobs() if self.environment.work_pool and not runtime.is_job else None

    @cached_property
    def units(self) -> tuple[str, ...]:
        """The units of this environment, each after the units it needs."""
        return graph.order(self.needs)

    @cached_property
    def needs(self) -> Mapping[str, tuple[str, ...]]:
        """{unit: the units it needs} in this environment."""
        declared, omitted = self.platform.units_in(self.environment.name), self.omitted
        return {
            unit.name: tuple(need for need in unit.needs if need not in omitted)
            for unit in declared
            if unit.name not in omitted
        }

    @cached_property
    def omitted(self) -> frozenset[str]:
        """Units of this environment that are not touched (see `tasks.promotion.omissions`)."""
        name = self.environment.name
        return self.runtime.omitted(self.platform, name) | {*self.released_without.in_(name)}

    @cached_property
    def released_without(self) -> Omitted:
        """The units that the release was made without, and why."""
        return omitted.load(self.here.infrastructure)

    @property
    def platform(self) -> Platform:
        """The platform as the release declares it."""
        return self.here.platform

    @property
    def here(self) -> Checkout:
        """The checkout of the release to promote."""
        return self.checkout(self.release.id)

    @cached_property
    def desk(self) -> Desk:
        """The stored jobs of the environment."""
        return Desk(self.runtime.store, self.environment.name, self.clock.now)

    @cached_property
    def secret_key(self) -> bytes:
        """The key for the store's hashes of secrets."""
        return secret_key(self.runtime.store)

    @cached_property
    def suppressions(self) -> tuple[Suppression, ...]:
        """The drift that the release accepts today."""
        return tuple(self.here.suppressions(self.clock.now().date()))

    def state(self) -> EnvironmentState:
        """Return the environment's current state from the ledger."""
        return self.ledger.state(self.environment.name)

    def stop(self) -> None:
        """Start nothing more, and stop the tools of this run."""
        self.halted.set()
        self.processes.stop_all()

    def record(self, event: Event) -> str:
        """Append an event to the ledger, and return the id of its entry."""
        return self.ledger.append(self.environment.name, event).id

    def about(self, unit: str) -> dict[str, str]:
        """Return the fields that every event of a unit has."""
        return {"unit": unit, "release": self.release.id}

    def log(self, unit: str = "") -> Any:
        """Return a logger for a unit, or for the environment, with its location and release in every event."""
        return log.bind(release=self.release.id, environment=self.environment.name, **self._around(unit))

    def _around(self, unit: str) -> dict[str, str]:
        """Return further non-empty fields that help to search the log."""
        here = self.environment
        found = {
            "unit": unit,
            "engine": declared.engine if (declared := self.platform.by_name.get(unit)) else "",
            "platform": self.platform.name,
            "claim": self.claim,
            "run": self.runtime.run,
            "account": here.account,
            "region": here.region,
            "cluster": here.cluster.apply if here.cluster else "",
        }
        return {name: value for name, value in found.items() if value}

    def turn(self, unit: str) -> AbstractContextManager[None]:
        """Return a context manager that waits for a turn to work on a unit, and holds it."""
        engine, urgency = self.unit(unit).engine, self._urgency.get(unit, 0.0)
        return self.turns.taken(engine, urgency, self.log(unit).debug, self.environment_of(unit).account)

    def usual(self, verb: str, unit: str) -> float | None:
        """Return how many seconds the verb took last time; None if unknown. Only applies are recorded."""
        return self.state().seconds.get(unit) if verb == "apply" else None

    @cached_property
    def _urgency(self) -> Mapping[str, float]:
        """{unit: seconds of applies and analyses from it to the end of its longest chain}, as far as known."""
        return urgency.of_units(
            [unit for unit in self.platform.units_in(self.environment.name) if unit.name in self.needs],
            self.needs,
            {name: engine.usual_seconds for name, engine in self.runtime.engines.items()},
            [self.state().seconds, *(self.ledger.state(name).seconds for name in self.environment.after)],
        )

    def target(self, unit: str) -> Target:
        """Return the release, environment and unit of this run as a target."""
        return Target(self.release.id, self.environment.name, unit)

    def unit(self, name: str, release: str | None = None) -> Unit:
        """Return the unit as a release declares it for this environment; by default the release to promote."""
        platform = self.checkout(release or self.release.id).platform
        return manifest.resolve(platform, self.environment.name, name)

    def unit_digest(self, unit: str) -> str:
        """Return the digest of the files that the unit reads in the release to promote."""
        return self.release.units[f"{self.environment.name}/{unit}"]

    def inputs(
        self, unit: str, receipts: Mapping[str, Receipt], foreseen: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Inputs:
        """Return the inputs of a plan made now: the unit's declared values, and outputs of the units it needs.

        `receipts` give the outputs that exist; `foreseen` are outputs that units will have once their plans are
        applied. Raises `InvalidInput` if an output does not fit.
        """
        declared, known = self.unit(unit), {name: receipt.outputs for name, receipt in receipts.items()}
        needs = [name for name in declared.needs if name not in self.omitted]
        upstream = {name: {**known, **(foreseen or {})}.get(name) for name in needs}
        secretive = {name: receipts[name].id for name in needs if name in receipts and MASK in texts(upstream[name])}
        inputs = Inputs(declared.inputs, upstream, secretive)
        return replace(inputs, values=self._filled(declared, upstream)) if inputs.known else inputs

    def sources(self, unit: str) -> frozenset[str]:
        """Return the units whose outputs the unit's inputs refer to."""
        return references.sources(self.unit(unit).inputs)

    def engine(self, target: Target) -> UnitEngine:
        """Return the engine for a target, working in this run's checkout of the target's release, or in jobs."""
        workspace = self.workspace(target)
        if self.jobs is not None:
            return PooledEngine(workspace, self.jobs)
        return masked(self.runtime.engines[workspace.unit.engine].make(workspace), workspace)

    def workspace(self, target: Target) -> Workspace:
        """Return the workspace for a target."""
        return workspaces.workspace(self, target)

    def _jobs(self) -> Jobs:
        name = self.environment.name
        waiting = Waiting(
            self.runtime.pool,
            self.environment.work_pool,
            self.desk,
            name,
            self.clock,
            lambda: self.processes.stopped,
            self.log,
        )
        return Jobs(waiting, self.desk, self.release.id, self._held, self.runtime.root, self.validated)

    def _held(self) -> tuple[str, datetime | None]:
        """Return the id of the run's claim, and since when the environment is claimed."""
        return self.claim, claims.open_since(self.state()) if self.claim else None

    def _filled(self, unit: Unit, upstream: references.Upstream) -> Mapping[str, Any]:
        """Return the unit's inputs with outputs in place of references; `InvalidInput` if a value does not fit."""
        if not references.sources(unit.inputs):
            return unit.inputs
        filled: Mapping[str, Any] = references.fill(unit.inputs, upstream)
        interface = self.runtime.engines[unit.engine].interface_of(self.here.root, unit)
        references.refuse_unfit(filled, interface.accepts, unit.name)
        return filled

    def environment_of(self, unit: str, release: str | None = None) -> Environment:
        """Return the environment as a unit sees it, with the unit's own region and roles; `release` as for `unit`."""
        return manifest.unit_environment(self.platform.name, self.environment, self.unit(unit, release))

    def provenance(self) -> Provenance:
        """Return where the release came from when it was last requested."""
        return self._checkouts.provenance(self.release.id)

    def checkout(self, release: str) -> Checkout:
        """Return the checkout of a release."""
        return self._checkouts.of(release)

    def _refuse_another_platform(self, name: str) -> None:
        """Refuse a release of another platform: its units must not be applied again under this platform's name."""
        if self.platform.name != name:
            raise InvalidInput(
                f"release {self.release.id} is of platform {self.platform.name}, and this is {name}; "
                "promote a release of this platform, or set FLOWMART_PLATFORM"
            )

    def _environment(self, name: str) -> Environment:
        names = [environment.name for environment in self.platform.environments]
        if name not in names:
            chosen = name or "(none was chosen)"
            raise InvalidInput(f"environment {chosen}: release {self.release.id} has {', '.join(names)}")
        return self.platform.environment(name)


@contextmanager
def opened(runtime: Runtime, release: str, environment: str) -> Iterator[EnvironmentRun]:
    """Open a run for a release (its id, or how that begins); its checkouts are removed when the context ends."""
    with runtime.unpacked() as checkouts:
        yield EnvironmentRun(runtime, runtime.ledger(), checkouts, runtime.release_id(release), environment)
