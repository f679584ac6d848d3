"""Collects the facts about a platform: reads the working tree and the store, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from tasks import manifest
from tasks.documentation import outputs, owners, policies
from tasks.documentation.facts import EnvironmentFacts, Facts, Place, UnitFacts
from tasks.documentation.outputs import Outputs
from tasks.documentation.owners import Owners
from tasks.domain.errors import BrokenChain, InvalidInput, UnreadableRecord
from tasks.domain.events import UnitEvent
from tasks.domain.platform import Environment, Platform, Unit
from tasks.domain.release import Provenance
from tasks.domain.rules import Override, Suppression
from tasks.ledger import rehearsals
from tasks.ledger.entries import Entry
from tasks.ledger.history import History, chronological
from tasks.ledger.state import EnvironmentState
from tasks.ledger.verifications import rollback_target
from tasks.promotion.windows import frozen_by_hand
from tasks.reports import board_reading
from tasks.reports.board import Board, Column
from tasks.reports.board_notices import NOWHERE
from tasks.reports.found_units import with_found_units

_READ = 200
"""How many of the newest entries of an environment are read."""


def gather(history: History, platform: Platform, repository: Path, now: datetime) -> Facts:
    """Collect the facts about a platform. A ledger that cannot be read does not hide the other environments.

    Args:
        history: the platform's store.
        platform: as the working tree declares it.
        repository: the working tree.
        now: the current time, with a time zone.

    Raises:
        InvalidInput: overrides.yaml or drift.yaml has mistakes.
    """
    tree = _Tree(with_found_units(platform, repository / "infrastructure", history), repository, now)
    found = board_reading.read(history, tree.platform.environments)
    chains, unread = _chains(history, found.states)
    ledger = _Ledger(found.states, found.board(tree.platform, now, NOWHERE), chains)
    damage = {**unread, **found.damage}
    environments = tuple(
        ledger.environment(declared, column, damage.get(column.name, ""))
        for declared, column in zip(found.environments, ledger.board.columns, strict=True)
    )
    units = tuple(_unit(tree, ledger, name) for name in ledger.board.units)
    return Facts(platform.name, environments, units, policies.read(tree.infrastructure / "policies"))


def _chains(
    history: History, states: Mapping[str, EnvironmentState]
) -> tuple[dict[str, tuple[Entry, ...]], dict[str, str]]:
    """Return the newest entries of each environment, oldest first, and why some cannot be read.

    A state may be readable even so, if its snapshot is newer than the damage.
    """
    found: dict[str, tuple[Entry, ...]] = {}
    unread: dict[str, str] = {}
    for name in states:
        try:
            found[name] = history.ledger.newest(name, _READ)
        except (BrokenChain, UnreadableRecord) as error:
            unread[name] = str(error)
    return found, unread


def _unit(tree: _Tree, ledger: _Ledger, name: str) -> UnitFacts:
    declared = tree.declared.get(name)
    sources = tree.sources(declared) if declared else {}
    places = ledger.places(name, sources)
    return UnitFacts(
        name,
        declared,
        places,
        needs=tree.needs.get(name, ()),
        needed_by=tuple(other for other, needs in tree.needs.items() if name in needs),
        owners=tree.owners_of(sources.values()),
        outputs=_outputs(tree, ledger, name, [*sources.values()][-1:]),
        overrides=tuple(each for each in tree.overrides if each.unit == name),
        suppressions=tuple(each for each in tree.suppressions if each.unit == name),
        entries=ledger.of_unit(name),
    )


def _outputs(tree: _Tree, ledger: _Ledger, name: str, sources: Iterable[str]) -> Outputs:
    applied = [state.receipts[name] for state in ledger.states.values() if name in state.receipts]
    there = [replace(tree.declared[name], source=source) for source in sources if name in tree.declared]
    return outputs.read(there[0] if there else None, tree.root, applied)


@dataclass(frozen=True)
class _Ledger:
    """The ledger's data: the state of each environment, the board of these states, and the newest entries."""

    states: Mapping[str, EnvironmentState]
    board: Board
    chains: Mapping[str, tuple[Entry, ...]]

    def environment(self, declared: Environment, column: Column, damage: str) -> EnvironmentFacts:
        """Return the facts about one environment."""
        state = self.states.get(declared.name, EnvironmentState(declared.name))
        origin = state.past.origins.get(column.release, Provenance())
        entries = tuple(reversed(self.chains.get(declared.name, ())))
        frozen = frozen_by_hand(state.frozen) if state.frozen else ""
        rehearsed = rehearsals.newest(state, state.verified)
        rehearsal = rehearsals.sentence(rehearsed) if rehearsed else ""
        return EnvironmentFacts(declared, column, origin, frozen, _rollback(state), rehearsal, entries, damage)

    def places(self, unit: str, sources: Mapping[str, str]) -> tuple[Place, ...]:
        """Return where a unit is deployed, or will be, in promotion order."""
        cells = {column.name: self.board.cells.get((unit, column.name)) for column in self.board.columns}
        return tuple(Place(name, cell, sources.get(name, "")) for name, cell in cells.items() if cell)

    def of_unit(self, unit: str) -> tuple[Entry, ...]:
        """Return the newest entries about a unit, newest first."""
        about = [
            [entry for entry in chain if isinstance(entry.event, UnitEvent) and entry.event.unit == unit]
            for chain in self.chains.values()
        ]
        return tuple(reversed(chronological(about)))


def _rollback(state: EnvironmentState) -> str:
    if not state.verified:
        return ""
    try:
        return rollback_target(state.environment, state.past.verified_releases, state.verified, state.rejected)
    except InvalidInput:
        return ""


@dataclass(frozen=True)
class _Tree:
    """The working tree's data."""

    platform: Platform
    repository: Path
    now: datetime

    @cached_property
    def infrastructure(self) -> Path:
        """Return the folder of platform.yaml."""
        return self.repository / "infrastructure"

    @cached_property
    def root(self) -> Path:
        """Return the folder that sources are relative to."""
        return manifest.root(self.infrastructure, self.platform)

    @cached_property
    def declared(self) -> Mapping[str, Unit]:
        """Return the units, by name."""
        return {unit.name: unit for unit in self.platform.units}

    @cached_property
    def needs(self) -> Mapping[str, tuple[str, ...]]:
        """Return {unit: the units that it needs in any environment}."""
        return {
            unit.name: tuple(
                dict.fromkeys([*unit.needs, *(need for more in unit.needs_in.values() for need in more)])
            )
            for unit in self.platform.units
        }

    @cached_property
    def overrides(self) -> tuple[Override, ...]:
        """Return the exceptions from policies."""
        return manifest.load_overrides(self.infrastructure)

    @cached_property
    def suppressions(self) -> tuple[Suppression, ...]:
        """Return the known drift that is not repaired."""
        return manifest.load_suppressions(self.infrastructure, self.now.date())

    @cached_property
    def _owners(self) -> Owners:
        return owners.read(self.repository)

    def sources(self, unit: Unit) -> dict[str, str]:
        """Return {environment: the unit's folder there}, relative to `root`; empty if only releases know it."""
        if not unit.source:
            return {}
        names = [each.name for each in self.platform.environments if each.name in unit.environments]
        return {name: manifest.resolve(self.platform, name, unit.name).source for name in names}

    def owners_of(self, sources: Iterable[str]) -> tuple[str, ...]:
        """Return the owners of the files in these folders."""
        folders = [self.root / source for source in dict.fromkeys(sources)]
        files = (file for folder in folders for file in ([folder] if folder.is_file() else sorted(folder.rglob("*"))))
        paths = (file.relative_to(self.repository) for file in files if file.is_file())
        return self._owners.of_all(str(path) for path in paths if not _is_hidden(path))


def _is_hidden(path: Path) -> bool:
    """Tell whether it is in a tool's own folder, such as .terraform."""
    return any(part.startswith(".terra") for part in path.parts)
