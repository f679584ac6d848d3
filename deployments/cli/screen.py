"""Prints everything on the command line: results to standard output, all else to standard error.

Results are tables for people, or one JSON document with --json. Colours and borders appear only on a terminal, which
rich detects.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tasks.domain.errors import FlowmartError

if TYPE_CHECKING:
    from deployments.services import Part
    from tasks.promotion.approval_requests import Request

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]

# Without a colour system, rich prints no escape codes at all.
_colours: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
# Without a terminal rich assumes 80 columns; a file or pipe needs wider tables.
_width = None if sys.stdout.isatty() else 200
_out = Console(highlight=False, soft_wrap=True, width=_width, color_system=_colours)
messages = Console(stderr=True, highlight=False, soft_wrap=True, color_system=_colours)
"""Standard error, for the person at the terminal."""


def say(text: str) -> None:
    """Print a message to standard error."""
    messages.print(escape(text))


def result(text: str) -> None:
    """Print a line of the result to standard output."""
    _out.print(escape(text))


def event(text: str, colour: str) -> None:
    """Print an event of the log as a line of the result; coloured on a terminal."""
    _out.print(escape(text), style=colour or None)


def plain(text: str) -> None:
    """Print text for another program to standard output, unchanged."""
    print(text)


@dataclasses.dataclass
class _Output:
    """Whether the command must print a document, and whether it has done so."""

    wanted: bool = False
    printed: bool = False


_output = _Output()


def begin(json: bool) -> None:
    """Start a command's output. `json`: standard output must be one JSON document."""
    _output.wanted, _output.printed = json, False


def error(problem: FlowmartError) -> None:
    """Print an error, in red on a terminal; with --json also as the document, unless the result was printed."""
    messages.print(f"[red]{escape(str(problem))}[/red]")
    error_document(type(problem).__name__, str(problem))


def error_document(kind: str, message: str) -> None:
    """Print an error as the document, if --json was given and the result was not printed."""
    if _output.wanted and not _output.printed:
        document({"error": {"kind": kind, "message": message}})


def document(value: Any) -> None:
    """Print the JSON document of a command."""
    _output.printed = True
    print(json.dumps(value, indent=2, default=_plain, ensure_ascii=False))


def request_document(request: Request) -> dict[str, Any]:
    """Return a request for approval for `--json`."""
    times = {"at": request.at.isoformat(), "expires": request.expires.isoformat()}
    return {**dataclasses.asdict(request), **times}


def waiting(request: Request) -> str:
    """Describe a request for approval, and the command that approves it."""
    because = f", because {request.because}" if request.because else ""
    rehearsal = f"; {request.rehearsal}" if request.rehearsal else ""
    return (
        f"{request.environment}: {request.what} waits for {_people(request)} until "
        f"{request.until}{because}{rehearsal}; flowmart approve {request.short}"
    )


def awaits(request: Request, json: bool) -> None:
    """Print the result of a command that ends while an approval is pending."""
    if json:
        document(request_document(request))
    else:
        result(waiting(request))


def _people(request: Request) -> str:
    """Return "an approval", or "2 approvals (1 more besides ben)"."""
    if request.rules.count == 1:
        return "an approval"
    known = f" ({request.missing} more besides {', '.join(request.approved_by)})" if request.approved_by else ""
    return f"{request.rules.count} approvals{known}"


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table as wide as its content."""
    made = Table(title=escape(title), title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*map(escape, row))
    _out.print(made)


def parts(found: Sequence[Part], json: bool) -> None:
    """Print the background processes of the sandbox or the server."""
    if json:
        document(found)
        return
    rows = [(part.name, str(part.pid or "-"), part.state, part.address) for part in found]
    table("", ("part", "process", "state", "address"), rows)
    for part in found:
        if part.health.reason:
            result(f"{part.name}: {part.health.reason}")


def shown(value: Mapping[str, Any]) -> None:
    """Print names and values, one per line; structures as JSON."""
    rows = [
        (name, item if isinstance(item, str) else json.dumps(item, default=_plain)) for name, item in value.items()
    ]
    table("", ("", ""), rows)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return sorted(value) if isinstance(value, frozenset) else str(value)
