"""One environment as one run works on it: one release to go to, and the earlier ones to go back to.

It opens what the verbs of a promotion need (checkouts, credentials by purpose, engines, ledger) and owns nothing that
lasts: what lasts is in the ledger.
"""

from __future__ import annotations

import statistics
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
from tasks.promotion import claims, workspaces
from tasks.promotion.approved import Approved
from tasks.promotion.checkouts import Checkout, Checkouts
from tasks.promotion.runtime import Runtime
from tasks.promotion.turns import Turns
from tasks.promotion.under_way import LOGGER
from tasks.releases import omitted
from tasks.releases.omitted import Omitted

log = structlog.get_logger(LOGGER)


class EnvironmentRun:
    """One environment and one release, ready to work with. Make it with `opened`.

    Attributes:
        halted: set when nothing more may begin, since a unit failed or the run is being cancelled.
        approved: what may be applied, where the gate says so: what a person approved, or what can be undone.
        drifting: units to plan although nothing about them is new, since they are not as they were applied.
        together: {unit: release} of those that are worked on at once now.
        restored: {unit: changes} that this run's rollback has applied.
        turns: who is worked on next, and how many at once.
        validated: {unit: violations} that validators found, which read nothing but the release's files.
        claim: the id of the ledger entry by which the run holds the environment; "" if it does not.
        jobs: where the units are worked on; None: here.
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
        """The units of this environment, each behind those it needs."""
        return graph.order(self.needs)

    @cached_property
    def needs(self) -> Mapping[str, tuple[str, ...]]:
        """The units of this environment, with those that each of them needs."""
        declared, omitted = self.platform.units_in(self.environment.name), self.omitted
        return {
            unit.name: tuple(need for need in unit.needs if need not in omitted)
            for unit in declared
            if unit.name not in omitted
        }

    @cached_property
    def omitted(self) -> frozenset[str]:
        """Units of this environment that are left as they are (see `tasks.promotion.omissions`)."""
        name = self.environment.name
        return self.runtime.omitted(self.platform, name) | {*self.released_without.in_(name)}

    @cached_property
    def released_without(self) -> Omitted:
        """What the release was made without."""
        return omitted.load(self.here.infrastructure)

    @property
    def platform(self) -> Platform:
        """The platform as the release declares it."""
        return self.here.platform

    @property
    def here(self) -> Checkout:
        """The checkout of the release to go to."""
        return self.checkout(self.release.id)

    @cached_property
    def desk(self) -> Desk:
        """Where the environment's jobs are."""
        return Desk(self.runtime.store, self.environment.name, self.clock.now)

    @cached_property
    def secret_key(self) -> bytes:
        """The key of the store's hashes over secrets."""
        return secret_key(self.runtime.store)

    @cached_property
    def suppressions(self) -> tuple[Suppression, ...]:
        """The drift that the release knows of and accepts."""
        return tuple(self.here.suppressions(self.clock.now().date()))

    def state(self) -> EnvironmentState:
        """What the ledger says about the environment now."""
        return self.ledger.state(self.environment.name)

    def stop(self) -> None:
        """Begin nothing more and end the tools of this run."""
        self.halted.set()
        self.processes.stop_all()

    def record(self, event: Event) -> str:
        """Write what happened into the ledger; the entry's id."""
        return self.ledger.append(self.environment.name, event).id

    def about(self, unit: str) -> dict[str, str]:
        """The fields that every event about a unit has."""
        return {"unit": unit, "release": self.release.id}

    def log(self, unit: str = "") -> Any:
        """The logger of a unit, or of the environment: its events say where, and of which release."""
        return log.bind(release=self.release.id, environment=self.environment.name, **self._around(unit))

    def _around(self, unit: str) -> dict[str, str]:
        """What else is known of where an event happens, for whoever searches the log."""
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
        """A turn to work on a unit, which may have to be waited for."""
        engine, urgency = self.unit(unit).engine, self._urgency.get(unit, 0.0)
        return self.turns.taken(engine, urgency, self.log(unit).debug, self.environment_of(unit).account)

    def usual(self, verb: str, unit: str) -> float | None:
        """How many seconds it took the last time; known of applies only."""
        return self.state().seconds.get(unit) if verb == "apply" else None

    @cached_property
    def _urgency(self) -> Mapping[str, float]:
        """{unit: seconds that applies take from it to the end of its longest chain}, as the last ones took."""
        known = self.state().seconds
        usual = statistics.median(known.values()) if known else 1.0
        return graph.ways_to_the_end(self.needs, {unit: known.get(unit, usual) for unit in self.needs})

    def target(self, unit: str) -> Target:
        """The coordinate of a unit in this run."""
        return Target(self.release.id, self.environment.name, unit)

    def unit(self, name: str, release: str | None = None) -> Unit:
        """The unit as a release (default: the one to go to) declares it for this environment."""
        platform = self.checkout(release or self.release.id).platform
        return manifest.resolve(platform, self.environment.name, name)

    def unit_digest(self, unit: str) -> str:
        """The digest of what the unit reads in the release to go to."""
        return self.release.units[f"{self.environment.name}/{unit}"]

    def inputs(
        self, unit: str, receipts: Mapping[str, Receipt], foreseen: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Inputs:
        """What the unit would be planned with now: its declared values, the outputs of what it needs.

        `foreseen` are outputs that units will have once their plans are applied.
        """
        declared, known = self.unit(unit), {name: receipt.outputs for name, receipt in receipts.items()}
        needs = [name for name in declared.needs if name not in self.omitted]
        upstream = {name: {**known, **(foreseen or {})}.get(name) for name in needs}
        secretive = {name: receipts[name].id for name in needs if name in receipts and MASK in texts(upstream[name])}
        inputs = Inputs(declared.inputs, upstream, secretive)
        return replace(inputs, values=self._filled(declared, upstream)) if inputs.known else inputs

    def sources(self, unit: str) -> frozenset[str]:
        """The units whose outputs the inputs of a unit name."""
        return references.sources(self.unit(unit).inputs)

    def engine(self, target: Target) -> UnitEngine:
        """The engine of a target's unit, at work in this run's checkout of the target's release, or in jobs."""
        workspace = self.workspace(target)
        if self.jobs is not None:
            return PooledEngine(workspace, self.jobs)
        return masked(self.runtime.engines[workspace.unit.engine].make(workspace), workspace)

    def workspace(self, target: Target) -> Workspace:
        """Where to work on a target."""
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
        """The claim of the run, and since when the environment is claimed."""
        return self.claim, claims.open_since(self.state()) if self.claim else None

    def _filled(self, unit: Unit, upstream: references.Upstream) -> Mapping[str, Any]:
        """The unit's inputs with outputs in place of references; `InvalidInput` when one is not what it takes."""
        if not references.sources(unit.inputs):
            return unit.inputs
        filled: Mapping[str, Any] = references.fill(unit.inputs, upstream)
        interface = self.runtime.engines[unit.engine].interface_of(self.here.root, unit)
        references.refuse_unfit(filled, interface.accepts, unit.name)
        return filled

    def environment_of(self, unit: str, release: str | None = None) -> Environment:
        """The environment as a unit of a release (default: the one to go to) sees it: its own region and roles."""
        return manifest.unit_environment(self.platform.name, self.environment, self.unit(unit, release))

    def provenance(self) -> Provenance:
        """Where the release came from the last time that it was asked for."""
        return self._checkouts.provenance(self.release.id)

    def checkout(self, release: str) -> Checkout:
        """A release's files."""
        return self._checkouts.of(release)

    def _refuse_another_platform(self, name: str) -> None:
        """What is applied under one platform's name must not be applied again under another's."""
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
    """A run for a release (its id, or how that begins); its checkouts, and the plan files in them, go with it."""
    with runtime.unpacked() as checkouts:
        yield EnvironmentRun(runtime, runtime.ledger(), checkouts, runtime.release_id(release), environment)
