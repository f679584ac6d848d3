"""A small shop on the fake engine: units `network`, `app` (needs network) and `mail`, through dev and staging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.platform import Environment, Unit
from tasks.drift import DriftReport, compare
from tasks.ledger.state import EnvironmentState
from tasks.promotion import operations, recovery
from tasks.promotion.approval_requests import Request
from tasks.promotion.environment_run import opened
from tasks.promotion.executor import LocalExecutor
from tasks.promotion.gate import Consent
from tasks.promotion.runtime import Runtime
from tasks.settings import Settings
from tests.doubles.memory_store import MemoryStore
from tests.unit.promotion.fakes import (
    FakeClock,
    FakeReleases,
    NoAccess,
    World,
    engine_of,
    environment,
    unit,
)
from tests.unit.promotion.pools import FakePool, KeepingStore


class Shop:
    """Releases to promote, the world that they are promoted into, and what the ledger says.

    `pooled`: every environment has a work pool, so that the engine is at work in jobs.
    """

    def __init__(self, folder: Path, store: Any, pooled: bool = False) -> None:
        self.world = World()
        self.clock = FakeClock()
        self.releases = FakeReleases(folder)
        named = {"work_pool": "units"} if pooled else {}
        self.environments: Sequence[Environment] = (
            environment("dev", **named),
            environment("staging", "dev", **named),
        )
        self.pool = FakePool()
        self.runtime = Runtime(
            settings=Settings(platform="fake", actor="tester", parallelism=2),
            store=store,
            access=NoAccess(),
            engines={"fake": engine_of(self.world)},
            clock=self.clock,
            checkouts=self.releases,
            pool=self.pool,
        )
        self.pool.runtime = self.runtime
        self.executor = LocalExecutor(8, self.clock)

    def release(self, name: str, *units: Unit) -> str:
        """Declare a release."""
        return self.releases.add(name, units or self.units(), self.environments)

    def units(self, colour: str = "blue", **objects: Mapping[str, str]) -> list[Unit]:
        """The shop's units, with `it` painted in a colour."""
        made = {name: {"it": colour, **objects.get(name, {})} for name in ("network", "app", "mail")}
        return [
            unit("network", good="^[a-z]+$", objects=made["network"]),
            unit("app", needs=("network",), good="^(blue|green)$", objects=made["app"]),
            unit("mail", good="^[a-z]+$", objects=made["mail"]),
        ]

    def promote(self, release: str, to: str = "dev", force: bool = False, **consent: Any) -> Request | None:
        return operations.promote(self.runtime, self.executor, release, to, force=force, consent=Consent(**consent))

    def promoted(self, colour: str) -> str:
        """A good release in that colour, promoted to dev."""
        name = self.release(colour, *self.units(colour))
        assert self.promote(name) is None
        return name

    def recover(self, environment: str = "dev") -> bool:
        return recovery.recover(self.runtime, self.executor, environment, run_is_over=True)

    def drift(self, release: str, environment: str = "dev") -> DriftReport:
        with opened(self.runtime, release, environment) as run:
            return compare(run, self.executor)[0]

    def state(self, environment: str = "dev") -> EnvironmentState:
        with opened(self.runtime, next(iter(self.releases._made)), environment) as run:
            return run.state()

    def live(self, environment: str = "dev") -> dict[str, Mapping[str, str]]:
        """What is really there: {unit: its objects}."""
        return {name: dict(there) for (where, name), there in self.world.objects.items() if where == environment}

    def kinds(self, *wanted: str, environment: str = "dev") -> list[str]:
        """What the ledger tells, in order: "applied network"."""
        entries = self.runtime.ledger().entries(environment)
        return [f"{e.kind} {e.body.get('unit', '')}".strip() for e in entries if not wanted or e.kind in wanted]


@pytest.fixture
def shop(tmp_path: Path, request: pytest.FixtureRequest) -> Shop:
    return Shop(tmp_path, MemoryStore(), pooled=getattr(request, "param", False))


@pytest.fixture
def keeping(tmp_path: Path) -> Shop:
    """Its units are worked on in jobs, and what was asked and answered stays in the store, to be looked at."""
    return Shop(tmp_path, KeepingStore(), pooled=True)


WHEREVER = pytest.mark.parametrize("shop", [False, True], ids=["here", "in a pool"], indirect=True)
"""The same holds for units that are worked on in jobs of a work pool."""
