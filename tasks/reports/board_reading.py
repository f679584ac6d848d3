"""Reads the board's data from the ledger. Damage in one environment does not hide the others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tasks.domain.errors import BrokenChain, UnreadableRecord
from tasks.domain.platform import Environment, Platform
from tasks.ledger.history import History
from tasks.ledger.state import EnvironmentState
from tasks.reports.board import Board, board
from tasks.reports.board_notices import Links


@dataclass(frozen=True)
class Reading:
    """The state of each environment, or why its ledger cannot be read.

    `environments` are the declared ones, in promotion order, then those that are `left_open`.
    """

    environments: tuple[Environment, ...]
    states: Mapping[str, EnvironmentState]
    damage: Mapping[str, str]

    def board(self, platform: Platform, now: datetime, links: Links) -> Board:
        """Build the board of the platform."""
        return board(replace(platform, environments=self.environments), self.states, now, links, self.damage)


def read(history: History, environments: Sequence[Environment]) -> Reading:
    """Read every declared environment, and those that are left open."""
    removed = left_open(history, [environment.name for environment in environments])
    found = (*environments, *map(Environment, removed))
    states: dict[str, EnvironmentState] = {}
    damage: dict[str, str] = {}
    for environment in found:
        try:
            states[environment.name] = history.state(environment.name)
        except (BrokenChain, UnreadableRecord) as error:
            damage[environment.name] = str(error)
    return Reading(found, states, damage)


def left_open(history: History, declared: Collection[str]) -> Sequence[str]:
    """Return the undeclared environments that are blocked, held by a run, or damaged."""
    return [name for name in history.ledger.environments() if name not in declared and _is_left_open(history, name)]


def _is_left_open(history: History, name: str) -> bool:
    try:
        found = history.state(name)
    except (BrokenChain, UnreadableRecord):
        return True
    return bool(found.claim or found.blocked)
