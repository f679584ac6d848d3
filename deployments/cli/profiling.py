"""`--profile FILE`: shows where a run spent its time, as a file for a trace viewer and as a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import click
import typer
from rich.table import Table

from deployments.cli import screen
from flows.timing import Span, Timing, write
from tasks.domain.errors import InvalidInput
from tasks.promotion.under_way import QUEUED

Profile = Annotated[
    Path | None,
    typer.Option(
        "--profile",
        metavar="FILE",
        help="Write where the time went, in the Trace Event Format (ui.perfetto.dev opens it), and print a table.",
    ),
]

_MOST = 20
"""The number of rows in the table."""


def listening(file: Path) -> Timing:
    """Return a log listener whose spans are written to `file` when the command ends, even if it fails.

    Raises:
        InvalidInput: the file cannot be written.
    """
    try:
        file.touch()
    except OSError as error:
        raise InvalidInput(f"--profile {file}: {error.strerror or error}; name a file that can be written") from error
    timing = Timing()

    def finish() -> None:
        write(timing.spans, file)
        screen.messages.print(table(timing.spans))
        screen.say(f"{file}: open it with ui.perfetto.dev or speedscope")

    click.get_current_context().call_on_close(finish)
    return timing


def table(spans: Sequence[Span]) -> Table:
    """Return the slowest verbs, with their time in programs and in queues, in seconds."""
    found = Table("environment", "unit", "step", "seconds", "programs", "waited", box=None, padding=(0, 2, 0, 0))
    verbs = sorted((span for span in spans if span.verb), key=lambda span: -span.seconds)
    parts = _parts(spans)
    for verb in verbs[:_MOST]:
        programs, waited = parts[verb]
        found.add_row(*verb.place, verb.name, f"{verb.seconds:.1f}", f"{programs:.1f}", f"{waited:.1f}")
    if len(verbs) > _MOST:
        rest = sum(verb.seconds for verb in verbs[_MOST:])
        found.add_row("", f"{len(verbs) - _MOST} more", "", f"{rest:.1f}", "", "")
    return found


def _parts(spans: Sequence[Span]) -> dict[Span, tuple[float, float]]:
    """Return {verb: (seconds in its programs, seconds in which it waited for its turn)}."""
    by_place = defaultdict(list)
    for span in spans:
        if not span.verb:
            by_place[span.place].append(span)
    found = {}
    for verb in (span for span in spans if span.verb):
        inside = [span for span in by_place[verb.place] if _within(span, verb)]
        waited = sum(span.seconds for span in inside if span.name == QUEUED)
        found[verb] = (sum(span.seconds for span in inside) - waited, waited)
    return found


def _within(part: Span, whole: Span) -> bool:
    middle = part.began + part.seconds / 2
    return whole.began <= middle <= whole.began + whole.seconds
