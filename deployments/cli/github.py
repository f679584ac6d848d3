"""Commands about deliveries from GitHub: deliveries, redeliver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from deployments.cli import screen
from deployments.cli.screen import Json
from deployments.github.inbox import Entry, Inbox, State
from deployments.github.settings import inbox_file
from tasks.domain.errors import InvalidInput, NotFound


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    group = typer.Typer(no_args_is_help=True, help="Look at what came in from GitHub, and start it again.")
    for command in (deliveries, redeliver):
        group.command()(command)
    app.add_typer(group, name="github")


def deliveries(
    failed: Annotated[bool, typer.Option("--failed", help="Only those that Prefect refused.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 50,
    json: Json = False,
) -> None:
    """What GitHub delivered and what became of it, newest last."""
    with _inbox() as inbox:
        found = list(reversed(inbox.newest((State.FAILED,) if failed else tuple(State), limit)))
    if json:
        screen.document(found)
        return
    if not found:
        screen.say("no delivery failed" if failed else "nothing was delivered yet")
    screen.table("", ("when (UTC)", "delivery", "event", "state", "what"), [_told(entry) for entry in found])


def redeliver(
    delivery: Annotated[str, typer.Argument(help="A delivery's id or its beginning.")], json: Json = False
) -> None:
    """Start a delivery's flow run again, also when it was started before: then there will be another one."""
    with _inbox() as inbox:
        found = _only(inbox, delivery)
        if not found.deployment:
            raise InvalidInput(f"delivery {found.id} starts nothing: {found.reason}")
        inbox.again(found).result()
        if json:
            screen.document(inbox.find(found.id)[0])
        else:
            screen.result(f"{found.id}: the receiver starts {found.deployment} within seconds, if it runs")


@contextmanager
def _inbox() -> Iterator[Inbox]:
    file = inbox_file()
    if not file.exists():
        raise InvalidInput(f"there is no inbox at {file}: FLOWMART_GITHUB_INBOX names the one of the receiver")
    inbox = Inbox(file)
    try:
        yield inbox
    finally:
        inbox.close()


def _only(inbox: Inbox, beginning: str) -> Entry:
    found = inbox.find(beginning.lower())
    if not found:
        raise NotFound(f"delivery {beginning}: there is none; `flowmart github deliveries` lists them")
    if len(found) > 1:
        raise InvalidInput(f"delivery {beginning}: several begin so")
    return found[0]


def _told(entry: Entry) -> tuple[str, ...]:
    when = datetime.fromtimestamp(entry.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    what = " ".join(filter(None, (entry.deployment, entry.reason, entry.run)))
    return when, entry.id, entry.event, entry.state, what
