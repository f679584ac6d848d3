"""The facts about a platform: the declarations of its working tree and the deployments in its ledger. Data."""

from __future__ import annotations

from dataclasses import dataclass, field

from tasks.documentation.outputs import Outputs
from tasks.documentation.policies import Policy
from tasks.domain.platform import Environment, Unit
from tasks.domain.release import Provenance
from tasks.domain.rules import Override, Suppression
from tasks.ledger.entries import Entry
from tasks.reports.board import Cell, Column


@dataclass(frozen=True)
class Place:
    """A unit in one environment: its health, and its source folder there ("" if only a release knows it)."""

    environment: str
    cell: Cell
    source: str = ""


@dataclass(frozen=True)
class UnitFacts:
    """One unit.

    Attributes:
        name: its name.
        declared: as in platform.yaml, with placeholders; None if it is applied but no longer declared.
        places: the environments that it is deployed to, in promotion order.
        needs, needed_by: names of other units, in any environment.
        owners: the owners of its files.
        outputs: the outputs that it gives to other units.
        overrides, suppressions: exceptions from policies and drift that name it.
        entries: its newest ledger entries in all environments, newest first.
    """

    name: str
    declared: Unit | None
    places: tuple[Place, ...]
    needs: tuple[str, ...] = ()
    needed_by: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    outputs: Outputs = field(default_factory=Outputs)
    overrides: tuple[Override, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class EnvironmentFacts:
    """One environment.

    Attributes:
        declared: as in platform.yaml.
        column: its release, since when, and what comes next.
        origin: the origin of its release.
        frozen: who froze it by hand, until when and why; "" if it is open.
        rollback: the release that `flowmart rollback` returns to; "" if there is none.
        rehearsal: the result of rehearsing the rollback from its release; "" if there was no rehearsal.
        entries: its newest ledger entries, newest first.
        damage: why its ledger cannot be read; "" if it can.
    """

    declared: Environment
    column: Column
    origin: Provenance = field(default_factory=Provenance)
    frozen: str = ""
    rollback: str = ""
    rehearsal: str = ""
    entries: tuple[Entry, ...] = ()
    damage: str = ""

    @property
    def name(self) -> str:
        """Return the environment's name."""
        return self.declared.name


@dataclass(frozen=True)
class Facts:
    """All facts. `environments` are in promotion order, `units` in the order of platform.yaml."""

    platform: str
    environments: tuple[EnvironmentFacts, ...]
    units: tuple[UnitFacts, ...]
    policies: tuple[Policy, ...] = ()

    @property
    def damage(self) -> tuple[str, ...]:
        """Return why facts are missing; empty if none are."""
        return tuple(each.damage for each in self.environments if each.damage)
