"""Builds the board: units as rows, environments as columns, and notices above them. Pure: data for three renderers.

`board_notices` selects what needs attention. `board_html` renders the server's page, `board_markdown` the artifact in
Prefect, and `flowmart status` the table on a terminal. The board shows what the ledger knows; no tool is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tasks.domain import environment_graph
from tasks.domain.environment_graph import Eligibility
from tasks.domain.platform import Environment, Platform
from tasks.domain.release import Provenance
from tasks.ledger.state import EnvironmentState, verified_in
from tasks.promotion import approval_requests
from tasks.reports import board_notices, keys, log_links
from tasks.reports.board_notices import NOWHERE, Kind, Link, Links, Notice, alarm, words


class Health(StrEnum):
    """The health of a unit in an environment, as far as the ledger knows."""

    GOOD = "good"
    DRIFTED = "drifted"
    UNCHECKED = "not checked"
    ABSENT = "not there yet"
    LEFT_BEHIND = "left behind"


@dataclass(frozen=True)
class Column:
    """One environment.

    Attributes:
        name: its name.
        after: the environments that it follows.
        release: the release that is there: verified, or present when an unfinished run began; "" before the first
            one.
        subject: the subject of its commit.
        since: when it was verified, without a break since then.
        words: the environment's state.
        alarm: the kind of what `words` has in capitals; None if nothing.
        arriving: the release that a run applies, or returns to; "" while no run does.
        arriving_subject: the subject of its commit.
        next: the release that may come once nothing runs; "" if there is none.
        soaks_until: when that release may come; None: now.
        coming: `next` and `soaks_until` in words.
        links: the origin of `release`, and the log.
    """

    name: str
    after: tuple[str, ...]
    release: str
    subject: str
    since: datetime | None
    words: str
    alarm: Kind | None = None
    arriving: str = ""
    arriving_subject: str = ""
    next: str = ""
    soaks_until: datetime | None = None
    coming: str = ""
    links: tuple[Link, ...] = ()

    @property
    def releases(self) -> str:
        """Return the present and the arriving release: "3f2a1c → 9b1e2f"."""
        return _passage(self.release or "-", self.arriving)

    @property
    def subjects(self) -> str:
        """Return the subjects of `releases`."""
        return _passage(self.subject, self.arriving_subject)


@dataclass(frozen=True)
class Cell:
    """One unit in one environment: its last applied release, when, its health, and its number of drifted objects.

    `links` lead to the drift report if something drifted.
    """

    release: str
    health: Health
    since: datetime | None = None
    drifted: int = 0
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Board:
    """The whole board. `cells` are keyed by unit and environment; a unit that is not deployed has none.

    `links` lead to the pages that start and show runs.
    """

    platform: str
    at: datetime
    notices: tuple[Notice, ...]
    columns: tuple[Column, ...]
    units: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell] = field(default_factory=dict)
    links: tuple[Link, ...] = ()

    def age(self, since: datetime | None) -> str:
        """Return how long ago something happened: "3 h"; "" without a time."""
        return age(self.at - since) if since else ""


def board(
    platform: Platform,
    states: Mapping[str, EnvironmentState],
    now: datetime,
    links: Links = NOWHERE,
    damage: Mapping[str, str] | None = None,
) -> Board:
    """Build the board of a platform.

    Args:
        platform: the declared units, and the environments in promotion order.
        states: {environment: its state}, for each ledger that can be read.
        now: the current time, with a time zone.
        links: where runs, plans and pull requests are shown.
        damage: {environment: why its ledger cannot be read}.
    """
    known = {each.name: states.get(each.name, EnvironmentState(each.name)) for each in platform.environments}
    wrong = damage or {}
    notices = [
        notice
        for each in platform.environments
        for notice in _notices(platform.name, each, known[each.name], wrong, now, links)
    ]
    units = dict.fromkeys([*(unit.name for unit in platform.units), *(u for s in known.values() for u in s.receipts)])
    return Board(
        platform=platform.name,
        at=now,
        notices=tuple(sorted(notices, key=lambda notice: [*Kind].index(notice.kind))),
        columns=tuple(_column(each, known, wrong, now, links) for each in platform.environments),
        units=tuple(units),
        cells=_cells(platform, known, links),
        links=links.ui(),
    )


def coming(
    environment: Environment, states: Mapping[str, EnvironmentState], now: datetime
) -> tuple[str, Eligibility] | None:
    """Return the next release of an environment and when it may come; None if there is none.

    Such a release is verified in all environments before this one. Here it is neither verified, rejected nor begun.
    A release that waits for an approval counts as begun: a notice reports it.
    """
    verified, here = verified_in(states.values()), states[environment.name]
    release = environment_graph.candidate(environment, verified)
    begun = {held.release for held in (here.claim, here.paused) if held}
    asked = approval_requests.decisions(here)[-1:]
    begun |= {each.request.release for each in asked if each.kind == "wanted" and not each.expired(now)}
    if release is None or release in {here.verified, *begun} or release in here.rejected:
        return None
    return release, environment_graph.eligibility(environment, release, verified, now)


def age(passed: timedelta) -> str:
    """Format a length of time in its largest unit: "3 h", "12 d"."""
    seconds = max(0, int(passed.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _notices(
    platform: str,
    environment: Environment,
    state: EnvironmentState,
    damage: Mapping[str, str],
    now: datetime,
    links: Links,
) -> Iterator[Notice]:
    if environment.name in damage:
        yield Notice(Kind.DAMAGED, environment.name, damage[environment.name])
    else:
        yield from board_notices.notices(platform, environment, state, now, links)


def _column(
    environment: Environment,
    states: Mapping[str, EnvironmentState],
    damage: Mapping[str, str],
    now: datetime,
    links: Links,
) -> Column:
    here = states[environment.name]
    release, arriving = passage(here)
    following = coming(environment, states, now)
    broken = environment.name in damage
    if broken or following is None:
        upcoming, until, said = "", None, ""
    else:
        upcoming, until, said = following[0], following[1].soaks_until, f"{following[0]} {following[1]}"
    origin = _origin(here, release)
    return Column(
        name=environment.name,
        after=environment.after,
        release=release,
        subject=origin.subject,
        since=_time(here.verified_at),
        words="DAMAGED: its ledger cannot be read" if broken else words(here),
        alarm=Kind.DAMAGED if broken else alarm(here),
        arriving=arriving,
        arriving_subject=_origin(here, arriving).subject,
        next=upcoming,
        soaks_until=until,
        coming=said,
        links=(*(links.origin(origin) if release else ()), *_log(environment, here, arriving or release)),
    )


def _log(environment: Environment, here: EnvironmentState, release: str) -> tuple[Link, ...]:
    """Link to the log of the run that holds the environment, or of its release."""
    claim = here.claim
    run, entry = (claim.run, claim.entry) if claim else ("", "")
    address = log_links.link(environment, run=run, claim=entry, release=release)
    return (Link("log", address),) if address else ()


def passage(state: EnvironmentState) -> tuple[str, str]:
    """Return the present release, and the release that a run applies or returns to; each may be ""."""
    there = state.verified or (state.attempt.before.verified if state.attempt.units else None) or ""
    if state.claim is None:
        return there, ""
    if state.attempt.rolling_back:
        return state.claim.release, state.attempt.before.verified or ""
    return there, state.claim.release if state.claim.release != there else ""


def _origin(state: EnvironmentState, release: str) -> Provenance:
    if state.claim is not None and state.claim.release == release:
        return state.past.origins.get(release) or state.claim.provenance
    return state.past.origins.get(release, Provenance())


def _passage(before: str, after: str) -> str:
    return f"{before} → {after}".lstrip() if after else before


def _cells(platform: Platform, states: Mapping[str, EnvironmentState], links: Links) -> dict[tuple[str, str], Cell]:
    cells: dict[tuple[str, str], Cell] = {}
    for environment, state in states.items():
        declared = {unit.name for unit in platform.units_in(environment)}
        report = links.artifact("report", keys.key(platform.name, keys.drift_key(environment)))
        for unit in [*declared, *(state.receipts.keys() - declared)]:
            cell = _cell(state, unit, declared=unit in declared)
            cells[unit, environment] = replace(cell, links=report) if cell.drifted else cell
    return cells


def _cell(state: EnvironmentState, unit: str, *, declared: bool) -> Cell:
    receipt = state.receipts.get(unit)
    if receipt is None:
        return Cell("", Health.ABSENT)
    drifted = len(state.drift.of(unit))
    if not declared:
        health = Health.LEFT_BEHIND
    elif drifted:
        health = Health.DRIFTED
    else:
        health = Health.GOOD if unit in state.smoked else Health.UNCHECKED
    return Cell(receipt.target.release, health, _time(receipt.at), drifted)


def rows(found: Board) -> Sequence[tuple[str, ...]]:
    """Return the cells as text: a row for each unit, its name first."""
    names = [column.name for column in found.columns]
    return [(unit, *(cell_words(found, found.cells.get((unit, name))) for name in names)) for unit in found.units]


def cell_words(found: Board, cell: Cell | None) -> str:
    """Return a cell as text: "3f2a1c09d4e8 drifted (2), 3 h"."""
    if cell is None:
        return ""
    if not cell.release:
        return cell.health.value
    drifted = f" ({cell.drifted})" if cell.drifted else ""
    return f"{cell.release} {cell.health.value}{drifted}, {found.age(cell.since)}"


def _time(moment: str | None) -> datetime | None:
    return datetime.fromisoformat(moment) if moment else None
