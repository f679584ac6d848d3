"""Reads what the board shows from the ledger. Damage in one environment does not hide the others."""

from __future__ import annotations

from datetime import datetime

from tasks.domain.errors import BrokenChain, UnreadableRecord
from tasks.domain.platform import Platform
from tasks.ledger.history import History
from tasks.ledger.state import EnvironmentState
from tasks.reports.board import Board, Links, board


def read(history: History, platform: Platform, now: datetime, links: Links) -> Board:
    """The board of a platform as its ledger has it now."""
    states: dict[str, EnvironmentState] = {}
    damage: dict[str, str] = {}
    for environment in platform.environments:
        try:
            states[environment.name] = history.state(environment.name)
        except (BrokenChain, UnreadableRecord) as error:
            damage[environment.name] = str(error)
    return board(platform, states, now, links, damage)
