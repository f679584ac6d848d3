"""Records where a run's time went, by step of each unit and program, for a trace file and a table.

It listens to the log, so a run without a profile has no extra cost.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks import processes
from tasks.promotion import under_way
from tasks.promotion.under_way import BEGAN, ENDED, QUEUED, RESUMED

SOURCES = frozenset({processes.LOGGER, under_way.LOGGER})
"""Whose events are listened to: engines say that something ran, too, in words of their own."""


@dataclass(frozen=True)
class Span:
    """Something that took time.

    Attributes:
        name: a verb ("apply"), a program with its command ("terraform apply"), or `QUEUED`.
        place: environment and unit; empty where that is not known.
        began: seconds since 1970.
        seconds: how long.
        verb: True for a verb, False for a program within one.
    """

    name: str
    place: tuple[str, str]
    began: float
    seconds: float
    verb: bool


class Timing(logging.Handler):
    """Collects spans, from all threads."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.spans: list[Span] = []
        self._at = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Record a verb or a program that ended."""
        event = record.msg if isinstance(record.msg, dict) and record.name in SOURCES else {}
        kind, now = event.get("event"), record.created
        if kind == BEGAN:
            self._at.place = (str(event.get("environment", "")), str(event.get("unit", "")))
            self._at.began = now
        elif kind == QUEUED:
            self._at.queued = now
        elif kind == RESUMED:
            self._add(QUEUED, now, now - self._at.queued)
        elif kind == processes.RAN:
            self._add(str(event["program"]), now, event["seconds"])
        elif kind == ENDED:
            self._add(str(event["verb"]), now, now - self._at.began, verb=True)
            self._at.place = ("", "")

    def _add(self, name: str, ended: float, seconds: float, *, verb: bool = False) -> None:
        place = getattr(self._at, "place", ("", ""))
        self.spans.append(Span(name, place, ended - seconds, seconds, verb))


def trace_events(spans: Iterable[Span]) -> dict[str, Any]:
    """Spans in the Trace Event Format: a process for each environment, and a thread for each unit in it.

    Perfetto (ui.perfetto.dev), Speedscope and chrome://tracing open it. Source: "Trace Event Format", Google, 2016:
    complete events ("X") with times in microseconds.
    """
    found = sorted(spans, key=lambda span: (span.began, not span.verb))
    places = [*dict.fromkeys(span.place for span in found)]
    environments = [*dict.fromkeys(environment for environment, _ in places)]
    events = [_named("process_name", environments.index(name), 0, name or "flowmart") for name in environments]
    events += [_named("thread_name", environments.index(e), places.index((e, u)), u or "-") for e, u in places]
    events += [
        {
            "ph": "X",
            "name": span.name,
            "cat": "verb" if span.verb else "program",
            "pid": environments.index(span.place[0]),
            "tid": places.index(span.place),
            "ts": round(span.began * 1e6),
            "dur": round(span.seconds * 1e6),
        }
        for span in found
    ]
    return {"traceEvents": events, "displayTimeUnit": "ms"}


def _named(what: str, process: int, thread: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": what, "pid": process, "tid": thread, "args": {"name": name}}


def write(spans: Iterable[Span], file: Path) -> None:
    """Write a trace file."""
    file.write_text(json.dumps(trace_events(spans)) + "\n")
