"""Shows what units are doing now, on a terminal: a line each below the events; none when nothing is in progress.

    …  staging  database  apply          41 s of about 60 s
    …  staging  cache     plan           waits for its turn
    ‥  staging  compute                  waits for database

It listens to the log (`tasks.promotion.under_way`). On a pipe it is not used; each event is a line there.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TextIO, cast

from rich.console import Console
from rich.file_proxy import FileProxy
from rich.live import Live
from rich.table import Table

from tasks.promotion.under_way import AWAITS, BEGAN, ENDED, QUEUED, RESUMED

Place = tuple[str, str]
"""An environment and a unit."""

_LAST = "smoke"
"""The verb that completes a unit; after it, other units no longer wait for it."""

_MOST = 8
"""The number of waiting units that are shown."""


@dataclass(frozen=True)
class _UnderWay:
    """A verb in progress. `since` is its start, or the end of its queueing, in seconds of `time.monotonic`."""

    verb: str
    since: float
    usual: float | None = None
    queued: bool = False


class Progress(logging.Handler):
    """Shows on a console what is in progress."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.DEBUG)
        self._console = console
        self._doing: dict[Place, _UnderWay] = {}
        self._needs: dict[Place, tuple[str, ...]] = {}
        self._live: Live | None = None
        self._changing = threading.Lock()

    @property
    def stream(self) -> TextIO:
        """The stream for lines that must appear above the progress."""
        return cast(TextIO, FileProxy(self._console, self._console.file))

    def emit(self, record: logging.LogRecord) -> None:
        """Record what a unit is doing."""
        event = record.msg if isinstance(record.msg, dict) else {}
        place = (str(event.get("environment", "")), str(event.get("unit", "")))
        with self._changing:
            try:
                self._notice(place, event)
            except (OSError, SystemExit):
                # The terminal is gone, while the run goes on. rich exits if nobody reads what it prints.
                self._console.quiet = True
                self._live = None

    def _notice(self, place: Place, event: Mapping[str, Any]) -> None:
        kind, now = event.get("event"), time.monotonic()
        if kind == BEGAN:
            self._begin(place, _UnderWay(str(event.get("verb", "")), now, event.get("usual")))
        elif kind == ENDED:
            self._end(place, str(event.get("verb", "")))
        elif kind == AWAITS:
            self._needs[place] = tuple(event.get("needs", ()))
        elif kind in (QUEUED, RESUMED) and place in self._doing:
            self._doing[place] = replace(self._doing[place], since=now, queued=kind == QUEUED)

    def _begin(self, place: Place, doing: _UnderWay) -> None:
        self._doing[place] = doing
        if doing.verb == "apply":
            self._needs.pop(place, None)
        if self._live is None and not self._console.quiet:
            self._live = Live(
                console=self._console,
                get_renderable=self.table,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def _end(self, place: Place, verb: str) -> None:
        # Stop before removing the last one: rich erases as many lines as it shows at the end.
        if self._live is not None and [*self._doing] == [place]:
            self._live.stop()
            self._live = None
        self._doing.pop(place, None)
        if verb == _LAST:
            environment, unit = place
            self._needs = {
                other: tuple(need for need in needs if (other[0], need) != (environment, unit))
                for other, needs in self._needs.items()
            }

    def table(self) -> Table:
        """Return a row for each verb in progress, oldest first, and one for each unit that waits for others."""
        found = Table.grid(padding=(0, 2))
        for (environment, unit), doing in tuple(self._doing.items()):
            found.add_row("…", environment, unit, doing.verb, _how_far(doing))
        # When nothing is in progress, the remaining units were abandoned.
        waiting = [*self._needs.items()] if self._doing else []
        shown = [(place, needs) for place, needs in waiting if needs and place not in self._doing]
        for (environment, unit), needs in shown[:_MOST]:
            found.add_row("‥", environment, unit, "", f"waits for {', '.join(needs)}")
        if len(shown) > _MOST:
            found.add_row("‥", "", f"{len(shown) - _MOST} more", "", "wait for others")
        return found


def _how_far(doing: _UnderWay) -> str:
    if doing.queued:
        return QUEUED
    usual = f" of about {doing.usual:.0f} s" if doing.usual else ""
    return f"{time.monotonic() - doing.since:.0f} s{usual}"


def suits(console: Console) -> bool:
    """Tell whether the console is a terminal that can erase lines."""
    return console.is_terminal and not console.is_dumb_terminal and console.color_system is not None
