"""`flowmart status`: which release is where, and what is going on. Damage in one place does not hide the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import typer

from deployments.cli import environments, graph_table, screen
from deployments.cli.screen import Json
from deployments.prefect_server import links
from tasks import settings
from tasks.domain.errors import BrokenChain, DamagedRelease, FlowmartError, NotFound, UnreadableRecord
from tasks.domain.platform import Environment
from tasks.ledger.history import History
from tasks.ledger.state import EnvironmentState
from tasks.promotion import approvals
from tasks.reports.board import Kind, rows, words
from tasks.reports.board_reading import read


@dataclass(frozen=True)
class Looked:
    """What is known of an environment. `damage` says what is wrong with its ledger, or with the release there."""

    environment: Environment
    state: EnvironmentState
    left_behind: tuple[str, ...] = ()
    damage: str | None = None
    readable: bool = True

    @property
    def words(self) -> str:
        """Its state for a person."""
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
    removed = [Environment(name) for name in environments.left_open(history)]
    declared = environments.declared() or [Environment(name) for name in history.ledger.environments()]
    found = [_look(history, environment) for environment in (*declared, *removed)]
    if json:
        states = {here.environment.name: here.state for here in found}
        screen.document({here.environment.name: _document(here, states, now) for here in found})
    else:
        _show(history, found, now)
    damage = dict.fromkeys(here.damage for here in found if here.damage)
    if damage and not json:
        screen.error(FlowmartError("\n".join(damage)))
    return 1 if damage else 0


def document(state: EnvironmentState) -> dict[str, Any]:
    """The state of an environment for `--json`."""
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
        "units": units,
    }


def _look(history: History, environment: Environment) -> Looked:
    try:
        state = history.state(environment.name)
    except (BrokenChain, UnreadableRecord) as error:
        return Looked(environment, EnvironmentState(environment.name), damage=str(error), readable=False)
    try:
        return Looked(environment, state, history.left_behind(environment.name))
    except (DamagedRelease, UnreadableRecord, NotFound) as error:
        return Looked(environment, state, damage=str(error))


def _document(here: Looked, states: Mapping[str, EnvironmentState], now: datetime) -> dict[str, Any]:
    if not here.readable:
        return {"state": "damaged", "damage": here.damage}
    around = graph_table.document(here.environment, states, now)
    damage = {"damage": here.damage} if here.damage else {}
    return document(here.state) | around | {"left_behind": here.left_behind} | damage


def _show(history: History, found: Sequence[Looked], now: datetime) -> None:
    places = [here.environment for here in found]
    states = {here.environment.name: here.state for here in found}
    said = {here.environment.name: here.words for here in found}
    screen.table("", graph_table.COLUMNS, [*graph_table.rows(places, states, said, now)])
    for request in approvals.waiting(history.ledger, now):
        screen.result(screen.waiting(request))
    _show_units(history, now)


def _show_units(history: History, now: datetime) -> None:
    """The board's lower part: units down, environments across. None where no platform.yaml declares units."""
    platform = environments.platform()
    if platform is None:
        return
    found = read(history, platform, now, links(settings.load()))
    for notice in found.notices:
        if notice.kind is not Kind.APPROVAL:
            where = "".join(f" {link.url}" for link in notice.links)
            screen.result(f"{notice.environment} {notice.kind.value}: {notice.text}{where}")
    screen.table("", ("unit", *(column.name for column in found.columns)), rows(found))
