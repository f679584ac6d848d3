"""Commands about the log: `logs` shows a run's lines, `logs check` finds lines that the cluster lacks."""

from __future__ import annotations

import json as json_module
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import click
import typer
from typer.core import TyperGroup

from deployments.cli import screen
from deployments.cli.screen import Json
from deployments.cli.since import length
from tasks import settings
from tasks.domain.errors import InvalidInput
from tasks.logs import offering, reading
from tasks.logs.reading import Document, Following, Wanted

if TYPE_CHECKING:
    from tasks.elasticsearch.client import Elasticsearch

Level = Literal["debug", "info", "warning", "error"]

_LOOK_AGAIN = 0.5
"""Seconds between checks for new lines."""

_COLOURS = {"warning": "yellow", "error": "red", "critical": "red"}


class _Logs(TyperGroup):
    """Accepts `flowmart logs RUN` as short for `flowmart logs show RUN`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert the omitted `show`."""
        if not args or args[0] not in (*self.commands, "-h", "--help"):
            args = ["show", *args]
        return super().parse_args(ctx, args)


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    logs = typer.Typer(cls=_Logs, help="The log of a run, an environment or a release.")
    logs.command("show")(show)
    logs.command("check")(check)
    logs.callback()(lambda: None)
    app.add_typer(logs, name="logs")


def show(
    subject: Annotated[
        str | None,
        typer.Argument(
            help="The id of a run or its beginning, an environment, a release or the beginning of its id, or a ledger"
            " entry such as staging/23. Everything without it."
        ),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with lines as they come.")] = False,
    level: Annotated[Level, typer.Option(help="This level and worse.")] = "info",
    since: Annotated[
        str | None, typer.Option(help="How far back, such as 36h or 14d. All that is kept without it.")
    ] = None,
    cluster: Annotated[bool, typer.Option("--cluster", help="From the cluster, even with a log folder.")] = False,
    json: Json = False,
) -> None:
    """Show the log of a run, an environment or a release, from the log folder or from the cluster."""
    folder, begin = None if cluster else settings.load().log_files, _begin(since)
    if cluster and follow:
        raise InvalidInput("logs: --follow reads the log folder; leave out --cluster")
    wanted = _of_claim(Wanted((subject or "").strip(), level, _iso(begin)), folder)
    following = Following(folder, wanted) if folder and follow else None
    found = _found(wanted, folder, begin)
    if following is None:
        _print(found, json)
        return
    _print_lines(found, json)
    _follow(following, json)


def check(
    since: Annotated[str, typer.Option(help="How far back: so many hours or days, such as 36h or 14d.")] = "1d",
    json: Json = False,
) -> None:
    """Find what the cluster lacks of the log folder, and give it to the shipper once more."""
    folder, begin = settings.load().log_files, _begin(since)
    if folder is None:
        raise InvalidInput("logs check: there is no log folder here; set FLOWMART_LOG_FOLDER")
    from tasks.elasticsearch import run_logs

    kept = offering.lines(folder, begin, time.time())
    missing = run_logs.absent(_server(), kept)
    offered = offering.offer(folder, kept, missing)
    if json:
        screen.document({"kept": len(kept), "missing": len(missing), "offered": len(offered)})
        return
    screen.result(f"{len(kept)} lines in {folder}, {len(missing)} of them not in the cluster")
    if offered:
        screen.result(f"{len(offered)} are in a new file there, for the shipper to send once more")
    if refused := len(missing) - len(offered):
        screen.result(f"{refused} were offered {offering.TIMES} times already: see what the shipper says of them")


def _begin(since: str | None) -> float:
    return time.time() - length(since).total_seconds() if since else 0.0


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat() if moment else ""


def _server() -> Elasticsearch:
    """Return the log's cluster: that of the first environment that declares one."""
    from deployments.cli import environments
    from tasks.promotion import access

    chosen = next((each for each in environments.declared() if each.elasticsearch), None)
    if chosen is None:
        raise InvalidInput(
            "logs: there is no log folder, and no cluster; set FLOWMART_LOG_FOLDER, or add logging.elasticsearch to "
            "platform.yaml"
        )
    return access.elasticsearch(access.AssumedRoles("logs"), chosen, 30.0, settings.load().opensearch)


def _of_claim(wanted: Wanted, folder: Path | None) -> Wanted:
    """Widen a ledger entry to everything that happened under its claim."""
    if "/" not in wanted.subject:
        return wanted
    claim = reading.claim_of(_found(Wanted(wanted.subject), folder), wanted.subject)
    return replace(wanted, subject=claim or wanted.subject)


def _found(wanted: Wanted, folder: Path | None, begin: float = 0.0) -> list[Document]:
    """Return the wanted documents: from the log folder if there is one, otherwise from the cluster."""
    if folder is not None:
        return reading.find(folder, wanted, begin)
    from tasks.elasticsearch import run_logs

    return run_logs.find(_server(), wanted)


def _follow(following: Following, json: bool) -> None:
    while True:
        time.sleep(_LOOK_AGAIN)
        _print_lines(following.new(), json)


def _print(found: Sequence[Document], json: bool) -> None:
    if json:
        screen.document([*found])
        return
    if not found:
        screen.say("no lines; `--level debug` shows more, and FLOWMART_LOG_FOLDER says where they are kept")
    _print_lines(found, json)


def _print_lines(found: Sequence[Document], json: bool) -> None:
    for document in found:
        if json:
            screen.plain(json_module.dumps(document, ensure_ascii=False, separators=(",", ":")))
        else:
            screen.event(line(document), _COLOURS.get(document.get("log", {}).get("level", ""), ""))


def line(document: Document) -> str:
    """Format a document as a line with time, place and message, followed by an exception's stack trace."""
    moment = datetime.fromisoformat(document["@timestamp"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    labels = document.get("labels", {})
    place = "".join(f"{labels.get(name, ''):<12} " for name in ("environment", "unit"))
    stack = document.get("error", {}).get("stack_trace", "")
    entry = document.get("flowmart", {}).get("entry") or document.get("flowmart", {}).get("receipt")
    text = f"{moment}  {place}{document.get('message', '')}{f'  ({entry})' if entry else ''}"
    return f"{text}\n{stack.rstrip()}" if stack else text
