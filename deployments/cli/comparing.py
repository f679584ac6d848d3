"""`flowmart diff`: compares two environments, two releases, or one of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import typer

from deployments.cli import artefacts, environments, naming, screen
from deployments.cli.screen import Json
from tasks import settings
from tasks.domain.errors import NotFound
from tasks.domain.release import Provenance
from tasks.ledger.history import History
from tasks.ledger.state import EnvironmentState
from tasks.releases import commits
from tasks.releases.commits import LastChange
from tasks.releases.contents import digests

Side = Annotated[str, typer.Argument(help=f"An environment. Or a release: {naming.HELP[0].lower()}{naming.HELP[1:]}")]


@dataclass(frozen=True)
class Compared:
    """One side of the comparison.

    `units` is {"environment/unit": digest of its files}, and `releases` the release applied to each unit; None for a
    release. `origin` is the provenance of the side's release.
    """

    name: str
    release: str | None
    units: Mapping[str, str]
    releases: Mapping[str, str] | None = None
    origin: Provenance = field(default_factory=Provenance)

    @property
    def summary(self) -> str:
        """One line: the release, its author, and when it was requested."""
        if not self.release:
            return f"{self.name}: no release is verified"
        origin = self.origin
        when = origin.at[:16].replace("T", " ") or "at an unknown time"
        release = f"{self.name}: release {self.release} ({origin.commit[:8]} {origin.subject})"
        return f"{release}, by {origin.author or 'unknown'}, asked for {when}"


def add_to(app: typer.Typer) -> None:
    """Register this module's command."""
    app.command()(diff)


def diff(one: Side, other: Side, json: Json = False) -> None:
    """What differs between environments or releases: units, and files with who changed them last and when."""
    history = History(settings.load())
    left, right = (_compared(history, name) for name in (one, other))
    units, files = differing_units(left, right), _changed_files(history, left, right)
    made_of = _made_of(history, left, right)
    changes = _last_changes(left, right, files)
    if json:
        sides = [{"name": side.name, "release": side.release, "origin": side.origin} for side in (left, right)]
        pairs = {unit: list(pair) for unit, pair in units.items()}
        screen.document({"sides": sides, "units": pairs, "made_of": made_of, "files": files, "changes": changes})
        return
    for side in (left, right):
        screen.result(side.summary)
    if not units:
        screen.say(f"{one} and {other} have the same release of every unit")
    screen.table("", ("unit", one, other), [(unit, *(each or "-" for each in pair)) for unit, pair in units.items()])
    if made_of:
        made_rows = [(unit, ", ".join(names)) for unit, names in made_of.items()]
        screen.table("", ("Terragrunt unit", "modules and shared files that differ"), made_rows)
    if not (left.release and right.release):
        screen.say("Files are not compared: that takes a release on both sides")
        return
    rows = [(file, *_who_and_when(changes.get(file))) for file in files]
    screen.table("", ("file that differs between the releases", "changed last by", "when", "commit"), rows)


def _made_of(history: History, left: Compared, right: Compared) -> dict[str, list[str]]:
    """Compare the modules and shared files of Terragrunt units; empty unless both sides are environments."""
    if left.releases is None or right.releases is None:
        return {}
    return artefacts.unlike(history, (left.name, left.releases), (right.name, right.releases))


def _last_changes(left: Compared, right: Compared, files: list[str]) -> dict[str, LastChange]:
    """Return who last changed each file between the sides' commits; empty if git does not know them."""
    if not (files and left.origin.commit and right.origin.commit):
        return {}
    found = commits.last_changes(settings.load().repository, left.origin.commit, right.origin.commit)
    return {file: found[file] for file in files if file in found}


def _who_and_when(change: LastChange | None) -> tuple[str, str, str]:
    return (change.author, change.at[:10], f"{change.commit[:8]} {change.subject}") if change else ("", "", "")


def differing_units(left: Compared, right: Compared) -> dict[str, tuple[str | None, str | None]]:
    """Return {unit: its value on each side} for units that differ.

    Two environments are compared by the releases applied to their units. A release is compared with an environment by
    the digests of its units there, and with a release by all digests.
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
    return Compared(name, release.id, release.units, origin=history.releases.latest_request(release.id))


def _environment(state: EnvironmentState) -> Compared:
    units = {f"{state.environment}/{unit}": receipt.unit_digest for unit, receipt in state.receipts.items()}
    releases = {unit: receipt.target.release for unit, receipt in state.receipts.items()}
    origin = state.past.origins.get(state.verified or "", Provenance())
    return Compared(state.environment, state.verified, units, releases, origin)


def _changed_files(history: History, one: Compared, other: Compared) -> list[str]:
    """Return the files that differ between the releases of two sides; empty if a side has no release."""
    if not (one.release and other.release):
        return []
    before, after = (digests(history.releases.files(release)) for release in (one.release, other.release))
    return sorted(_differing(before, after))
