"""Reads what the board shows from the ledger. Damage in one environment does not hide the others."""

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
    """What the ledger of each environment adds up to, or why it cannot be read.

    `environments` are those that are declared, in promotion order, then those that are `left_open`.
    """

    environments: tuple[Environment, ...]
    states: Mapping[str, EnvironmentState]
    damage: Mapping[str, str]

    def board(self, platform: Platform, now: datetime, links: Links) -> Board:
        """The board of the platform."""
        return board(replace(platform, environments=self.environments), self.states, now, links, self.damage)


def read(history: History, environments: Sequence[Environment]) -> Reading:
    """Look at every declared environment, and at those that are left open."""
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
    """The environments that are not declared any more, and that are blocked, held by a run, or damaged."""
    return [name for name in history.ledger.environments() if name not in declared and _is_left_open(history, name)]


def _is_left_open(history: History, name: str) -> bool:
    try:
        found = history.state(name)
    except (BrokenChain, UnreadableRecord):
        return True
    return bool(found.claim or found.blocked)
