"""What units are at right now, on a terminal: a line each below the events, with since when. Gone when nothing is.

It listens to the log: every verb says when it begins and when it ends. On a pipe there is nothing of this; there each
event is a line.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TextIO, cast

from rich.console import Console
from rich.file_proxy import FileProxy
from rich.live import Live
from rich.table import Table

from tasks.promotion.executor import BEGAN, ENDED

Verb = tuple[str, str, str]
"""Environment, unit, and what is done to it."""


class Progress(logging.Handler):
    """Shows on a console what is under way."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.DEBUG)
        self._console = console
        self._began: dict[Verb, float] = {}
        self._live: Live | None = None
        self._changing = threading.Lock()

    @property
    def stream(self) -> TextIO:
        """Where lines are to be written, so that they are above what is under way."""
        return cast(TextIO, FileProxy(self._console, self._console.file))

    def emit(self, record: logging.LogRecord) -> None:
        """Take notice of a verb that begins or ends."""
        event = record.msg if isinstance(record.msg, dict) else {}
        if event.get("event") not in (BEGAN, ENDED):
            return
        environment, unit, verb = (str(event.get(name, "")) for name in ("environment", "unit", "verb"))
        with self._changing:
            if event["event"] == BEGAN:
                self._begin((environment, unit, verb))
            else:
                self._end((environment, unit, verb))

    def _begin(self, verb: Verb) -> None:
        self._began[verb] = time.monotonic()
        if self._live is None:
            self._live = Live(
                console=self._console,
                get_renderable=self.table,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def _end(self, verb: Verb) -> None:
        # Before the last one is forgotten: rich takes back as many lines as it shows at the end.
        if self._live is not None and [*self._began] == [verb]:
            self._live.stop()
            self._live = None
        self._began.pop(verb, None)

    def table(self) -> Table:
        """A row for each verb that is under way, the oldest first."""
        found = Table.grid(padding=(0, 2))
        now = time.monotonic()
        for (environment, unit, verb), since in tuple(self._began.items()):
            found.add_row("…", environment, unit, verb, f"{now - since:.0f} s")
        return found


def suits(console: Console) -> bool:
    """Whether there is somebody to watch, on something that can take lines back."""
    return console.is_terminal and not console.is_dumb_terminal and console.color_system is not None
