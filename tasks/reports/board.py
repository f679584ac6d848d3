"""The board: units down, environments across, and above them what wants attention. Pure: data for three renderers.

`board_html` makes the page of the server, `board_markdown` the artifact in Prefect, and `flowmart status` shows the
same on a terminal. What is shown is what the ledger knows; no tool is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import quote

from tasks.domain import environment_graph
from tasks.domain.environment_graph import Eligibility
from tasks.domain.platform import Environment, Platform
from tasks.domain.release import Provenance
from tasks.ledger.state import EnvironmentState, verified_in
from tasks.promotion import approvals, windows
from tasks.promotion.approvals import Request
from tasks.promotion.claims import is_over


class Health(StrEnum):
    """How a unit is in an environment, as far as the ledger knows."""

    GOOD = "good"
    DRIFTED = "drifted"
    UNCHECKED = "not checked"
    ABSENT = "not there yet"
    LEFT_BEHIND = "left behind"


class Kind(StrEnum):
    """What wants attention."""

    DAMAGED = "damaged"
    BLOCKED = "blocked"
    INTERRUPTED = "interrupted"
    APPROVAL = "waits for approval"
    RUNNING = "running"
    FROZEN = "frozen"


@dataclass(frozen=True)
class Link:
    """Where more is to be seen."""

    text: str
    url: str


@dataclass(frozen=True)
class Links:
    """Where things are shown: the Prefect UI's address and the repository's on GitHub; empty where there is none."""

    prefect: str = ""
    repository: str = ""

    def run(self, run: str) -> tuple[Link, ...]:
        """The run in the Prefect UI."""
        return (Link("run", f"{self.prefect}/runs/flow-run/{quote(run)}"),) if self.prefect and run else ()

    def artifact(self, text: str, key: str) -> tuple[Link, ...]:
        """An artifact in the Prefect UI."""
        return (Link(text, f"{self.prefect}/artifacts/key/{quote(key)}"),) if self.prefect else ()

    def origin(self, origin: Provenance) -> tuple[Link, ...]:
        """The pull request, or else the commit, that a release came from."""
        if not self.repository:
            return ()
        if origin.pull_request:
            number = origin.pull_request
            return (Link(f"pull request #{number}", f"{self.repository}/pull/{number}"),)
        return (Link("commit", f"{self.repository}/commit/{quote(origin.commit)}"),) if origin.commit else ()


@dataclass(frozen=True)
class Notice:
    """Something about one environment that wants attention."""

    kind: Kind
    environment: str
    text: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Column:
    """One environment. `words` is its state, `coming` the release that may be next."""

    name: str
    after: tuple[str, ...]
    release: str
    subject: str
    since: datetime | None
    words: str
    coming: str = ""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One unit in one environment: the release applied last, when, how it is, and how many objects drifted."""

    release: str
    health: Health
    since: datetime | None = None
    drifted: int = 0


@dataclass(frozen=True)
class Board:
    """All of it. `cells` are by unit and environment; where a unit is not deployed, there is none."""

    platform: str
    at: datetime
    notices: tuple[Notice, ...]
    columns: tuple[Column, ...]
    units: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell] = field(default_factory=dict)

    def age(self, since: datetime | None) -> str:
        """How long ago something was: "3 h"."""
        return age(self.at - since) if since else ""


def board(
    platform: Platform,
    states: Mapping[str, EnvironmentState],
    now: datetime,
    links: Links = Links(),
    damage: Mapping[str, str] | None = None,
) -> Board:
    """The board of a platform.

    Args:
        platform: what is declared: the units, and the environments in promotion order.
        states: of every environment whose ledger can be read.
        now: the current time, with a time zone.
        links: where runs, plans and pull requests are shown.
        damage: why the ledger of an environment cannot be read.
    """
    known = {each.name: states.get(each.name, EnvironmentState(each.name)) for each in platform.environments}
    wrong = damage or {}
    notices = [
        notice for each in platform.environments for notice in _notices(each, known[each.name], wrong, now, links)
    ]
    units = dict.fromkeys([*(unit.name for unit in platform.units), *(u for s in known.values() for u in s.receipts)])
    return Board(
        platform=platform.name,
        at=now,
        notices=tuple(sorted(notices, key=lambda notice: [*Kind].index(notice.kind))),
        columns=tuple(_column(each, known, wrong, now, links) for each in platform.environments),
        units=tuple(units),
        cells=_cells(platform, known),
    )


def words(state: EnvironmentState) -> str:
    """The state of an environment for a person."""
    if state.blocked:
        return f"BLOCKED: {state.blocked.splitlines()[0]}"
    if state.interrupted:
        return f"INTERRUPTED: {state.interrupted.splitlines()[0]}; `flowmart recover {state.environment}`"
    if state.claim and is_over(state.claim):
        return f"its run is gone; `flowmart recover {state.environment}` or the next promotion recovers it"
    if state.claim:
        return f"busy: {state.claim.actor} began to {state.claim.purpose} {state.claim.release}"
    if state.verified:
        rejected = ", ".join(sorted(state.rejected))
        return f"verified{f'; rejected here: {rejected}' if rejected else ''}"
    return "not verified" if state.receipts else "nothing here yet"


def coming(
    environment: Environment, states: Mapping[str, EnvironmentState], now: datetime
) -> tuple[str, Eligibility] | None:
    """The release that is verified in all environments before this one, and neither verified nor rejected here."""
    verified, here = verified_in(states.values()), states[environment.name]
    release = environment_graph.candidate(environment, verified)
    if release is None or release == here.verified or release in here.rejected:
        return None
    return release, environment_graph.eligibility(environment, release, verified, now)


def age(passed: timedelta) -> str:
    """A length of time in its largest unit: "3 h", "12 d"."""
    seconds = max(0, int(passed.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def asked(request: Request) -> str:
    """What waits for an approval, how many more people have to give it, and why they are asked."""
    more = f" of {request.missing} more people" if request.missing > 1 else ""
    because = f", because {request.because}" if request.because else ""
    return (
        f"{request.purpose} {request.release}{more} until {request.until}{because}; flowmart approve {request.short}"
    )


def _column(
    environment: Environment,
    states: Mapping[str, EnvironmentState],
    damage: Mapping[str, str],
    now: datetime,
    links: Links,
) -> Column:
    here = states[environment.name]
    origin = here.origins.get(here.verified or "", Provenance())
    following = coming(environment, states, now)
    broken = environment.name in damage
    return Column(
        name=environment.name,
        after=environment.after,
        release=here.verified or "",
        subject=origin.subject,
        since=_time(here.verified_at),
        words="DAMAGED: its ledger cannot be read" if broken else words(here),
        coming=f"{following[0]} {following[1]}" if following and not broken else "",
        links=links.origin(origin) if here.verified else (),
    )


def _notices(
    environment: Environment, state: EnvironmentState, damage: Mapping[str, str], now: datetime, links: Links
) -> Iterator[Notice]:
    name = environment.name
    if name in damage:
        yield Notice(Kind.DAMAGED, name, damage[name])
        return
    yield from _of_a_run(state, links)
    for decision in approvals.decisions(state)[-1:]:
        if decision.kind == "wanted" and not decision.expired(now):
            plan = links.artifact("plan", f"approval-{name}")
            yield Notice(Kind.APPROVAL, name, asked(decision.request), plan)
    closed = windows.closed((), environment.freezes, state.frozen, now)
    if closed:
        yield Notice(Kind.FROZEN, name, closed)


def _of_a_run(state: EnvironmentState, links: Links) -> Iterator[Notice]:
    name, claim = state.environment, state.claim
    run = links.run(claim.run) if claim else ()
    if state.blocked:
        what = f"{_line(state.blocked)}; then: flowmart resolve {name} --reason ..."
        yield Notice(Kind.BLOCKED, name, what, run)
    elif state.interrupted:
        yield Notice(Kind.INTERRUPTED, name, f"{_line(state.interrupted)}; flowmart recover {name}", run)
    elif claim and is_over(claim):
        yield Notice(Kind.INTERRUPTED, name, f"its run is gone; flowmart recover {name}", run)
    elif claim:
        what = f"{claim.actor} began to {claim.purpose} {claim.release}"
        yield Notice(Kind.RUNNING, name, what, (*run, *links.origin(claim.provenance)))


def _cells(platform: Platform, states: Mapping[str, EnvironmentState]) -> dict[tuple[str, str], Cell]:
    cells: dict[tuple[str, str], Cell] = {}
    for environment, state in states.items():
        declared = {unit.name for unit in platform.units_in(environment)}
        for unit in [*declared, *(state.receipts.keys() - declared)]:
            cells[unit, environment] = _cell(state, unit, declared=unit in declared)
    return cells


def _cell(state: EnvironmentState, unit: str, *, declared: bool) -> Cell:
    receipt = state.receipts.get(unit)
    if receipt is None:
        return Cell("", Health.ABSENT)
    found = () if unit in state.drift.outdated else state.drift.found.get(unit, ())
    drifted = sum(not item.suppressed for item in found)
    if not declared:
        health = Health.LEFT_BEHIND
    elif drifted:
        health = Health.DRIFTED
    else:
        health = Health.GOOD if unit in state.smoked else Health.UNCHECKED
    return Cell(receipt.target.release, health, _time(receipt.at), drifted)


def rows(found: Board) -> Sequence[tuple[str, ...]]:
    """The cells in words: a line for each unit, its name first."""
    names = [column.name for column in found.columns]
    return [(unit, *(cell_words(found, found.cells.get((unit, name))) for name in names)) for unit in found.units]


def cell_words(found: Board, cell: Cell | None) -> str:
    """A cell in a few words: "3f2a1c09d4e8 drifted (2), 3 h"."""
    if cell is None:
        return ""
    if not cell.release:
        return cell.health.value
    drifted = f" ({cell.drifted})" if cell.drifted else ""
    return f"{cell.release} {cell.health.value}{drifted}, {found.age(cell.since)}"


def _time(moment: str | None) -> datetime | None:
    return datetime.fromisoformat(moment) if moment else None


def _line(text: str) -> str:
    return text.splitlines()[0] if text else ""
