"""What units are at right now, on a terminal: a line each below the events. Gone when nothing is under way.

    …  staging  database  apply          41 s of about 60 s
    …  staging  cache     plan           waits for its turn
    ‥  staging  compute                  waits for database

It listens to the log (`tasks.promotion.under_way`). On a pipe there is nothing of this; there each event is a line.
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
"""Environment and unit."""

_LAST = "smoke"
"""The verb after whose end a unit is waited for no more."""

_MOST = 8
"""Units of which is told what they wait for."""


@dataclass(frozen=True)
class _UnderWay:
    """A verb since it began (or had its turn), in seconds of `time.monotonic`."""

    verb: str
    since: float
    usual: float | None = None
    queued: bool = False


class Progress(logging.Handler):
    """Shows on a console what is under way."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.DEBUG)
        self._console = console
        self._doing: dict[Place, _UnderWay] = {}
        self._needs: dict[Place, tuple[str, ...]] = {}
        self._live: Live | None = None
        self._changing = threading.Lock()

    @property
    def stream(self) -> TextIO:
        """Where lines are to be written, so that they are above what is under way."""
        return cast(TextIO, FileProxy(self._console, self._console.file))

    def emit(self, record: logging.LogRecord) -> None:
        """Take notice of what a unit is at."""
        event = record.msg if isinstance(record.msg, dict) else {}
        place = (str(event.get("environment", "")), str(event.get("unit", "")))
        with self._changing:
            self._notice(place, event)

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
        if self._live is None:
            self._live = Live(
                console=self._console,
                get_renderable=self.table,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def _end(self, place: Place, verb: str) -> None:
        # Before the last one is forgotten: rich takes back as many lines as it shows at the end.
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
        """A row for each verb that is under way, the oldest first, and one for each unit that waits for others."""
        found = Table.grid(padding=(0, 2))
        for (environment, unit), doing in tuple(self._doing.items()):
            found.add_row("…", environment, unit, doing.verb, _how_far(doing))
        # When nothing is under way, what is left here was given up.
        waiting = [*self._needs.items()] if self._doing else []
        told = [(place, needs) for place, needs in waiting if needs and place not in self._doing]
        for (environment, unit), needs in told[:_MOST]:
            found.add_row("‥", environment, unit, "", f"waits for {', '.join(needs)}")
        if len(told) > _MOST:
            found.add_row("‥", "", f"{len(told) - _MOST} more", "", "wait for others")
        return found


def _how_far(doing: _UnderWay) -> str:
    if doing.queued:
        return QUEUED
    usual = f" of about {doing.usual:.0f} s" if doing.usual else ""
    return f"{time.monotonic() - doing.since:.0f} s{usual}"


def suits(console: Console) -> bool:
    """Whether there is somebody to watch, on something that can take lines back."""
    return console.is_terminal and not console.is_dumb_terminal and console.color_system is not None
