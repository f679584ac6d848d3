"""`flowmart status`: shows which release is where, and what is happening, even if some environments are damaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import typer

from deployments.cli import environments, graph_table, rehearsing, screen
from deployments.cli.screen import Json
from deployments.prefect_server import links
from tasks import settings
from tasks.domain.errors import DamagedRelease, FlowmartError, NotFound, UnreadableRecord
from tasks.domain.outcome import Outcome
from tasks.domain.platform import Environment, Platform, Unit
from tasks.ledger import rehearsals
from tasks.ledger.history import History
from tasks.ledger.state import EnvironmentState
from tasks.promotion import approval_requests
from tasks.reports import board_reading
from tasks.reports.board import Board, Cell, rows
from tasks.reports.board_notices import Kind, Notice, words
from tasks.reports.board_reading import Reading
from tasks.reports.found_units import with_found_units


@dataclass(frozen=True)
class Looked:
    """What is known of an environment. `damage` describes a damaged ledger, or a damaged release there."""

    environment: Environment
    state: EnvironmentState
    left_behind: tuple[str, ...] = ()
    damage: str | None = None
    readable: bool = True

    @property
    def words(self) -> str:
        """Its state, for a person."""
        if not self.readable:
            return "DAMAGED: its ledger cannot be read"
        left = f"; left behind, no longer declared: {', '.join(self.left_behind)}" if self.left_behind else ""
        damaged = "; DAMAGED: its release cannot be used" if self.damage else ""
        return f"{words(self.state)}{left}{damaged}"


def add_to(app: typer.Typer) -> None:
    """Register this module's command."""
    app.command()(status)


def status(json: Json = False) -> int:
    """Which release is where, and what is going on. Exit code 1 when something there is damaged."""
    history, now = History(settings.load()), datetime.now(UTC)
    platform = environments.platform() or _undeclared(history)
    platform = with_found_units(platform, settings.load().repository / "infrastructure", history)
    read = board_reading.read(history, platform.environments)
    board = read.board(platform, now, links(settings.load()))
    found = [_look(history, read, environment) for environment in read.environments]
    if json:
        screen.document({here.environment.name: _document(here, board) for here in found})
    else:
        _show(history, found, board)
    damage = dict.fromkeys(here.damage for here in found if here.damage)
    if damage and not json:
        screen.error(FlowmartError("\n".join(damage)))
    return 1 if damage else 0


def document(state: EnvironmentState) -> dict[str, Any]:
    """Return an environment's state for `--json`."""
    units = {
        name: {"release": receipt.target.release, "receipt": receipt.id, "smoke_passed": name in state.smoked}
        for name, receipt in state.receipts.items()
    }
    return {
        "release": state.verified,
        "state": words(state),
        "rejected": sorted(state.rejected),
        "claim": asdict(state.claim) if state.claim else None,
        "blocked": state.blocked,
        "paused": asdict(state.paused) if state.paused else None,
        "units": units,
    }


def _undeclared(history: History) -> Platform:
    """Build the platform from the ledger alone, without platform.yaml: its environments and their units."""
    there: dict[str, list[str]] = {}
    names = history.ledger.environments()
    for name, state in board_reading.read(history, [Environment(name) for name in names]).states.items():
        for unit in state.receipts:
            there.setdefault(unit, []).append(name)
    units = tuple(Unit(unit, "", "", tuple(places)) for unit, places in there.items())
    return Platform(settings.load().platform_name, tuple(map(Environment, names)), units)


def _look(history: History, read: Reading, environment: Environment) -> Looked:
    name = environment.name
    if name in read.damage:
        return Looked(environment, EnvironmentState(name), damage=read.damage[name], readable=False)
    state = read.states[name]
    try:
        return Looked(environment, state, history.left_behind(name))
    except (DamagedRelease, UnreadableRecord, NotFound) as error:
        return Looked(environment, state, damage=str(error))


def _document(here: Looked, board: Board) -> dict[str, Any]:
    name = here.environment.name
    notices = {"notices": [_notice(notice) for notice in board.notices if notice.environment == name]}
    if not here.readable:
        return {"state": "damaged", "damage": here.damage, **notices}
    (column,) = (column for column in board.columns if column.name == name)
    cells = {unit: _cell(cell, board) for (unit, where), cell in board.cells.items() if where == name}
    damage = {"damage": here.damage} if here.damage else {}
    found = rehearsals.newest(here.state, here.state.verified)
    rehearsal = {"rehearsal": rehearsing.document(found) if found else None}
    around = {**graph_table.document(column), "left_behind": here.left_behind, "cells": cells, **rehearsal}
    return document(here.state) | around | notices | damage


def _cell(cell: Cell, board: Board) -> dict[str, Any]:
    since = cell.since
    age = None if since is None else int((board.at - since).total_seconds())
    about = {"since": since and since.isoformat(), "age": age}
    return {"release": cell.release or None, "health": cell.health, "drifted": cell.drifted, **about}


def _notice(notice: Notice) -> dict[str, Any]:
    return {"kind": notice.kind, "text": notice.text, "links": [asdict(link) for link in notice.links]}


def _show(history: History, found: Sequence[Looked], board: Board) -> None:
    said = {here.environment.name: here.words for here in found}
    screen.table("", graph_table.COLUMNS, [*graph_table.rows(board.columns, said)])
    for request in approval_requests.waiting(history.ledger, board.at):
        screen.result(screen.waiting(request))
    for notice in board.notices:
        if notice.kind is not Kind.APPROVAL:
            where = "".join(f" {link.url}" for link in notice.links)
            screen.result(f"{notice.environment} {notice.kind.value}: {notice.text}{where}")
    for here in found:
        rehearsal = rehearsals.newest(here.state, here.state.verified)
        if rehearsal and rehearsal.event.outcome is Outcome.SUCCEEDED:
            screen.result(f"{here.environment.name} {rehearsals.sentence(rehearsal)}")
    screen.table("", ("unit", *(column.name for column in board.columns)), rows(board))
