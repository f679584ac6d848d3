"""Commands that only read the store: history, show, audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from deployments.cli import environments, naming, screen
from deployments.cli.environments import recoverable_environment
from deployments.cli.screen import Json
from tasks import settings
from tasks.domain import wording
from tasks.domain.errors import BrokenChain, DamagedRelease, FlowmartError
from tasks.domain.platform import Environment
from tasks.domain.release import Provenance, Release
from tasks.ledger import auditing, rehearsals
from tasks.ledger.entries import Entry
from tasks.ledger.history import History, chronological
from tasks.reports import log_links

EnvironmentArgument = Annotated[str | None, typer.Argument(help="An environment; all of them without it.")]


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    for command in (history, show, audit):
        app.command()(command)


def history(
    environment: EnvironmentArgument = None,
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest entries.")] = 50,
    json: Json = False,
) -> None:
    """What happened, newest last."""
    asked = History(settings.load())
    if environment:
        recoverable_environment(environment)
    names = [environment] if environment else environments.names(asked)
    entries = chronological(asked.ledger.newest(name, limit) for name in names)[-limit:]
    if json:
        screen.document([entry.document for entry in entries])
        return
    if not entries:
        screen.say(f"nothing has happened yet{f' in {environment}' if environment else ''}")
    rows = [(entry.at[:19], entry.id, *wording.happened(entry.event), entry.actor) for entry in entries]
    screen.table("", ("when (UTC)", "entry", "unit", "what", "by"), rows)


def show(
    name: Annotated[str, typer.Argument(help=f"A ledger entry such as staging/17. Or a release: {naming.HELP}")],
    json: Json = False,
) -> None:
    """One release, or one ledger entry with all that it holds."""
    asked = History(settings.load())
    if name.partition("/")[0] in (*environments.names(asked), *asked.ledger.environments()) and "/" in name:
        entry = asked.entry(name)
        content = {**entry.document, **entry.body, "log": _log_of(entry)}
    else:
        found = naming.find(asked, name)
        asked.releases.audit(found.id, asked.releases.promotions().get(found.id, ()))
        content = {**asdict(found), "requests": asked.releases.requests(found.id), **_whereabouts(asked, found)}
        content["made_without"] = asked.releases.made_without(found.id)
        content["log"] = f"flowmart logs {found.id}"
    content.pop("body", None)
    screen.document(content) if json else screen.shown(content)


def audit(json: Json = False) -> None:
    """Check the ledger's chains, and every release against its digest and the ledger; all damage is named."""
    asked = History(settings.load())
    chains = [auditing.audit(asked.store, name, asked.platform) for name in asked.ledger.environments()]
    promoted = asked.releases.promotions()
    checked = {release: _problem(asked, release, promoted.get(release, ())) for release in asked.releases.known()}
    broken = [problem for chain in chains for problem in chain.problems]
    damaged = [problem for problem in checked.values() if problem]
    if broken or damaged:
        raise (BrokenChain if broken else DamagedRelease)("\n".join([*broken, *damaged]))
    if json:
        entries = {chain.environment: chain.entries for chain in chains}
        heads = {chain.environment: chain.head for chain in chains}
        screen.document({"entries": entries, "heads": heads, "releases": [*checked]})
        return
    rows = [(chain.environment, str(chain.entries), chain.head[:16]) for chain in chains]
    screen.table("", ("chain", "entries", "head"), rows)
    for name in (name for chain in chains for name in chain.foreign):
        screen.say(f"ignored: {name} is not an entry")
    screen.result(f"the ledger adds up; {len(checked)} releases are what they were when they were made")


def _problem(asked: History, release: str, promoted: Sequence[Provenance]) -> str | None:
    try:
        asked.releases.audit(release, promoted)
    except FlowmartError as error:
        return str(error)
    return None


def _log_of(entry: Entry) -> str:
    """Return where an entry's log lines are: a link if one is declared, otherwise a command."""
    declared = {each.name: each for each in environments.declared()}
    environment = declared.get(entry.environment, Environment(entry.environment))
    claim = entry.id if entry.kind in ("claimed", "taken_over") else ""
    about = {"claim": claim, "release": str(entry.body.get("release") or "")}
    return log_links.link(environment, run=entry.run, **about) or f"flowmart logs {entry.id}"


def _whereabouts(asked: History, release: Release) -> dict[str, Any]:
    states = [asked.state(name) for name in environments.names(asked)]
    rehearsed = {state.environment: rehearsals.newest(state, release.id) for state in states}
    return {
        "rehearsals": {name: rehearsals.sentence(found) for name, found in rehearsed.items() if found},
        "verified_in": [state.environment for state in states if state.verified == release.id],
        "rejected_in": [state.environment for state in states if release.id in state.rejected],
    }
