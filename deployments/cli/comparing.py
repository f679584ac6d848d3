"""`flowmart diff`: what differs between two environments, two releases, or one of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import typer

from deployments.cli import environments, naming, screen
from deployments.cli.screen import Json
from tasks import settings
from tasks.domain.errors import NotFound
from tasks.ledger.history import History
from tasks.ledger.state import EnvironmentState
from tasks.releases.contents import digests

Side = Annotated[str, typer.Argument(help=f"An environment. Or a release: {naming.HELP[0].lower()}{naming.HELP[1:]}")]


@dataclass(frozen=True)
class Compared:
    """One side. `units` is {"environment/unit": digest of what it reads}; `releases` what each unit has applied."""

    name: str
    release: str | None
    units: Mapping[str, str]
    releases: Mapping[str, str] | None = None


def add_to(app: typer.Typer) -> None:
    """Register this module's command."""
    app.command()(diff)


def diff(one: Side, other: Side, json: Json = False) -> None:
    """What differs between environments or releases: units, and the files of the releases."""
    history = History(settings.load())
    left, right = (_compared(history, name) for name in (one, other))
    units, files = differing_units(left, right), _changed_files(history, left, right)
    if json:
        screen.document({"units": {unit: list(pair) for unit, pair in units.items()}, "files": files})
        return
    if not units:
        screen.say(f"{one} and {other} have the same release of every unit")
    screen.table("", ("unit", one, other), [(unit, *(each or "-" for each in pair)) for unit, pair in units.items()])
    screen.table("", ("file that differs between the releases",), [(file,) for file in files])


def differing_units(left: Compared, right: Compared) -> dict[str, tuple[str | None, str | None]]:
    """{unit: what each side has of it} where that differs.

    Two environments are compared by the releases that their units are at. A release is compared with an environment
    by what the units read there, and with a release by what they read anywhere.
    """
    if left.releases is not None and right.releases is not None:
        return _differing(left.releases, right.releases)
    wanted = [side.name for side in (left, right) if side.releases is not None]
    return _differing(*({unit: digest[:12] for unit, digest in _within(side, wanted)} for side in (left, right)))


def _within(side: Compared, environments: list[str]) -> list[tuple[str, str]]:
    return [item for item in side.units.items() if not environments or item[0].partition("/")[0] in environments]


def _differing(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, tuple[str | None, str | None]]:
    names = {**one, **other}
    return {name: (one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)}


def _compared(history: History, name: str) -> Compared:
    known = environments.names(history)
    if name in known:
        return _environment(history.state(name))
    try:
        release = naming.find(history, name)
    except NotFound as error:
        raise NotFound(f"{error}; environments are {', '.join(known)}") from error
    return Compared(name, release.id, release.units)


def _environment(state: EnvironmentState) -> Compared:
    units = {f"{state.environment}/{unit}": receipt.unit_digest for unit, receipt in state.receipts.items()}
    releases = {unit: receipt.target.release for unit, receipt in state.receipts.items()}
    return Compared(state.environment, state.verified, units, releases)


def _changed_files(history: History, one: Compared, other: Compared) -> list[str]:
    before, after = (digests(history.releases.files(side.release)) if side.release else {} for side in (one, other))
    return sorted(_differing(before, after))
