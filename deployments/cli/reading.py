"""Commands that only read the store: status, history, show, diff, audit."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from deployments.cli import graph_table, screen
from deployments.cli.screen import Json
from tasks import settings
from tasks.domain import wording
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Environment
from tasks.domain.release import Release
from tasks.ledger import chain
from tasks.ledger.history import History
from tasks.ledger.state import EnvironmentState
from tasks.manifest import load as load_platform
from tasks.promotion import approvals
from tasks.promotion.claims import is_over
from tasks.releases import releases
from tasks.releases.contents import digests

EnvironmentArgument = Annotated[str | None, typer.Argument(help="An environment; all of them without it.")]


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    for command in (status, history, show, diff, audit):
        app.command()(command)


def status(json: Json = False) -> None:
    """Which release is where, and what is going on."""
    asked, now = _history(), datetime.now(UTC)
    environments = _declared() or [Environment(name) for name in asked.ledger.environments()]
    states = {environment.name: asked.state(environment.name) for environment in environments}
    if json:
        screen.document({e.name: _status_document(asked, e, states, now) for e in environments})
        return
    subjects = {release.id: release.subject for release in releases.everyone(asked.store)}
    said = {name: _state(state) + _left_behind(state) for name, state in states.items()}
    screen.table("", graph_table.COLUMNS, [*graph_table.rows(environments, states, said, subjects, now)])
    for request in approvals.waiting(asked.ledger, now):
        screen.result(screen.waiting(request))


def _status_document(
    asked: History, environment: Environment, states: Mapping[str, EnvironmentState], now: datetime
) -> dict[str, Any]:
    around = graph_table.document(environment, states, now)
    return status_of(states[environment.name]) | around | {"left_behind": asked.left_behind(environment.name)}


def status_of(state: EnvironmentState) -> dict[str, Any]:
    """An environment's state as a document."""
    units = {
        name: {"release": receipt.target.release, "receipt": receipt.id, "smoke_passed": name in state.smoked}
        for name, receipt in state.receipts.items()
    }
    return {
        "release": state.verified,
        "state": _state(state),
        "rejected": sorted(state.rejected),
        "claim": asdict(state.claim) if state.claim else None,
        "blocked": state.blocked,
        "units": units,
    }


def history(
    environment: EnvironmentArgument = None,
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest entries.")] = 50,
    json: Json = False,
) -> None:
    """What happened, newest last."""
    asked = _history()
    if environment:
        known_environment(environment)
    names = [environment] if environment else _environments(asked)
    entries = sorted((e for name in names for e in asked.ledger.entries(name)), key=lambda entry: entry.at)[-limit:]
    if json:
        screen.document([entry.document for entry in entries])
        return
    if not entries:
        screen.say(f"nothing has happened yet{f' in {environment}' if environment else ''}")
    rows = [(entry.at[:19], entry.id, *wording.happened(entry.event), entry.actor) for entry in entries]
    screen.table("", ("when (UTC)", "entry", "unit", "what", "by"), rows)


def show(
    name: Annotated[str, typer.Argument(help="A release, or a ledger entry such as staging/17.")], json: Json = False
) -> None:
    """One release, or one ledger entry with all that it holds."""
    asked = _history()
    if "/" in name:
        entry = asked.entry(name)
        content = {**entry.document, **entry.body}
    else:
        found = asked.release(name)
        content = {**asdict(found), **_whereabouts(asked, found)}
    content.pop("body", None)
    screen.document(content) if json else screen.shown(content)


def diff(one: str, other: str, json: Json = False) -> None:
    """What differs between two environments: the release of each unit, and the files of those releases."""
    asked = _history()
    left, right = (asked.state(known_environment(name)) for name in (one, other))
    units = [name for name in {**left.receipts, **right.receipts} if _release(left, name) != _release(right, name)]
    differing = {name: [_release(left, name), _release(right, name)] for name in units}
    files = _changed_files(asked, left.verified, right.verified)
    if json:
        screen.document({"units": differing, "files": files})
        return
    if not differing:
        screen.say(f"{one} and {other} have the same release of every unit")
    screen.table("", ("unit", one, other), [(unit, *(r or "-" for r in pair)) for unit, pair in differing.items()])
    screen.table("", ("file that differs between the releases",), [(file,) for file in files])


def audit(json: Json = False) -> None:
    """Check the ledger's chains, and every release's archive against its digest."""
    asked = _history()
    entries = {name: chain.audit(asked.ledger, name) for name in asked.ledger.environments()}
    checked = releases.everyone(asked.store)
    for release in checked:
        with tempfile.TemporaryDirectory(prefix="flowmart-audit-") as folder:
            releases.checkout(asked.store, release.id, Path(folder))
    heads = {name: asked.ledger.entries(name)[-1].digest for name in entries}
    if json:
        screen.document({"entries": entries, "heads": heads, "releases": [release.id for release in checked]})
        return
    rows = [(name, str(number), heads[name][:16]) for name, number in entries.items()]
    screen.table("", ("chain", "entries", "head"), rows)
    screen.result(f"the ledger adds up; {len(checked)} releases are what they were when they were made")


def _history() -> History:
    return History(settings.load())


def _declared() -> Sequence[Environment]:
    """The environments that the working tree declares, in promotion order; none where there is no platform.yaml."""
    infrastructure = settings.load().repository / "infrastructure"
    return load_platform(infrastructure).environments if (infrastructure / "platform.yaml").exists() else ()


def _environments(asked: History) -> Sequence[str]:
    """In promotion order, as the working tree declares them; before that, or elsewhere, those with a ledger."""
    return [environment.name for environment in _declared()] or asked.ledger.environments()


def known_environment(name: str) -> str:
    """The name, if there is such an environment; `InvalidInput` names those that there are."""
    names = _environments(_history())
    if name not in names:
        raise InvalidInput(f"environment {name}: there are {', '.join(names)}")
    return name


def _state(state: EnvironmentState) -> str:
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


def _left_behind(state: EnvironmentState) -> str:
    units = _history().left_behind(state.environment)
    return f"; left behind, no longer declared: {', '.join(units)}" if units else ""


def _release(state: EnvironmentState, unit: str) -> str | None:
    receipt = state.receipts.get(unit)
    return receipt.target.release if receipt else None


def _whereabouts(asked: History, release: Release) -> dict[str, list[str]]:
    states = [asked.state(name) for name in _environments(asked)]
    return {
        "verified_in": [s.environment for s in states if s.verified == release.id],
        "rejected_in": [s.environment for s in states if release.id in s.rejected],
    }


def _changed_files(asked: History, one: str | None, other: str | None) -> list[str]:
    before, after = (_files(asked, name) for name in (one, other))
    return sorted(file for file in {*before, *after} if before.get(file) != after.get(file))


def _files(asked: History, release: str | None) -> Mapping[str, str]:
    if release is None:
        return {}
    return digests(releases.files_of(asked.store, asked.release(release)))
