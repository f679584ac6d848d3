"""What is known of a platform: what its working tree declares, and what its ledger says is where since when. Data."""

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
    """A unit in one environment: how it is there, and the folder it comes from ("" where only a release knows it)."""

    environment: str
    cell: Cell
    source: str = ""


@dataclass(frozen=True)
class UnitFacts:
    """One unit.

    Attributes:
        name: its name.
        declared: as platform.yaml has it, with placeholders; None where it is applied but no longer declared.
        places: the environments that it is deployed to, in promotion order.
        needs, needed_by: names of other units, in any environment.
        owners: who owns its files.
        outputs: what it gives to others.
        overrides, suppressions: exceptions from policies and drift that name it.
        entries: its newest ledger entries in all environments, the newest first.
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
        declared: as platform.yaml has it.
        column: what is there, since when, and what comes next.
        origin: where the release came from that is there.
        frozen: by whom it was closed by hand, until when and why; "" where it is open.
        rollback: the release that `flowmart rollback` returns to; "" where there is none.
        rehearsal: how the rollback from the release that is there was rehearsed; "" where it was not.
        entries: its newest ledger entries, the newest first.
        damage: why its ledger cannot be read; "" where it can.
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
        """Its name."""
        return self.declared.name


@dataclass(frozen=True)
class Facts:
    """All of it. `environments` are in promotion order, `units` in the order of platform.yaml."""

    platform: str
    environments: tuple[EnvironmentFacts, ...]
    units: tuple[UnitFacts, ...]
    policies: tuple[Policy, ...] = ()

    @property
    def damage(self) -> tuple[str, ...]:
        """Why parts of it are missing; empty when nothing is."""
        return tuple(each.damage for each in self.environments if each.damage)
