"""Where events go: to a person on a terminal in sentences, to a machine as JSON lines, to the Prefect run's log, and
to files as ECS documents.

Every event is a structlog event of the logger "flowmart", with release, environment, unit and run bound where
they apply. It is written once and rendered for each of these: on standard error for whoever started the command;
inside a flow run, through Prefect's handler to the run's log in the UI; and into the log folder, where there is one.
What is secret is masked in all of them.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from tasks.logs import documents
from tasks.logs.handler import EcsHandler

_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
)

_COLLECTORS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""OpenTelemetry's own variables for where spans are sent."""

_PLACES = ("environment", "unit")
_HIDDEN = {*_PLACES, "event", "level", "logger", "timestamp", "run", "release", "_record", "_from_structlog"}
_HIDDEN |= {"claim", "platform", "engine", "purpose", "account", "region", "cluster", "namespace", "counts", "actor"}
_COLOURS = {"warning": "33", "error": "31", "info": "32"}


def configure(
    form: Literal["auto", "text", "json"] = "auto",
    stream: TextIO | None = None,
    in_runs: bool = True,
    listeners: Sequence[logging.Handler] = (),
    folder: Path | None = None,
) -> None:
    """Send the product's events to `stream` (default: standard error), and, `in_runs`, to the log of the Prefect run.

    `listeners` hear of them too, and of what is only logged at their own level. `folder` is where they are kept as
    ECS documents, with what Prefect says of its runs.
    """
    shown = logging.StreamHandler(stream) if stream else _StandardError()
    stream = stream or sys.stderr
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    text = stream.isatty() if form == "auto" else form == "text"
    coloured = stream.isatty() and not os.environ.get("NO_COLOR")
    logger = logging.getLogger("flowmart")
    logger.handlers = [_handler(shown, _Sentence(coloured, clock=True) if text else _json)]
    if in_runs:
        from prefect.logging.handlers import APILogHandler

        logger.addHandler(_handler(APILogHandler(), _Sentence(colours=False, clock=False)))
    logger.handlers += listeners
    if in_runs and (tracing := _tracing()):
        logger.addHandler(tracing)
    _keep(logger, folder, in_runs)
    logger.setLevel(min(handler.level for handler in logger.handlers))
    logger.propagate = False


def _tracing() -> logging.Handler | None:
    """What hands spans to OpenTelemetry, where its own variables say where they go."""
    if not any(os.environ.get(name) for name in _COLLECTORS):
        return None
    from flows import tracing

    return tracing.handler()


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what is standard error at the time: whoever runs a command in a process of theirs may exchange it."""

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, _: TextIO) -> None:
        """It is looked up."""


class _Sentence:
    """ "16:04:31  staging      compute      planned        1 to change": when, where, what happened, particulars."""

    def __init__(self, colours: bool, clock: bool) -> None:
        self._colours = colours
        self._clock = clock

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> str:
        colour = _COLOURS.get(event.get("level", ""), "0")
        when = datetime.fromisoformat(event["timestamp"]).astimezone().strftime("%H:%M:%S")
        place = "".join(f"{event.get(name) or '':<12} " for name in _PLACES)
        what = f"{event['event']:<14} "
        particulars = "  ".join(_told(name, value) for name, value in event.items() if name not in _HIDDEN)
        when = f"{self._in('2', when)}  " if self._clock else ""
        return f"{when}{place}{self._in(colour, what)}{particulars}".rstrip()

    def _in(self, colour: str, text: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours else text


def _told(name: str, value: object) -> str:
    return str(value) if name == "what" else f"{name}: {value}"


_json = structlog.processors.JSONRenderer(default=str)


def _handler(handler: logging.Handler, renderer: Any) -> logging.Handler:
    last = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    chain = [last, structlog.processors.format_exc_info, _masked, renderer]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=chain, foreign_pre_chain=_SHARED))
    handler.setLevel(logging.INFO)
    return handler


def _masked(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return documents.masked(event)


_RUNS = ("prefect.flow_runs", "prefect.task_runs")
"""Prefect's own loggers: how runs ended, and the stack of what ended them."""


def _keep(logger: logging.Logger, folder: Path | None, in_runs: bool) -> None:
    """Keep events, and what Prefect says of runs, in a folder; or nowhere."""
    of_runs = [logging.getLogger(name) for name in _RUNS] if in_runs else []
    for each in of_runs:
        each.handlers = [handler for handler in each.handlers if not isinstance(handler, EcsHandler)]
    if folder is None:
        return
    kept = EcsHandler(folder, _run if in_runs else dict)
    for each in (logger, *of_runs):
        each.addHandler(kept)


def _run() -> Mapping[str, str]:
    """The flow run and the task run that we are in."""
    from prefect.context import FlowRunContext, TaskRunContext

    from tasks.steps.guests import caller

    flow, task = FlowRunContext.get(), TaskRunContext.get()
    found = {"run": str(flow.flow_run.id)} if flow and flow.flow_run else {}
    if caller.get():
        found["root_run"] = caller.get()
    if task:
        found |= {"task_run": str(task.task_run.id), "run": str(task.task_run.flow_run_id or found.get("run", ""))}
    return found
