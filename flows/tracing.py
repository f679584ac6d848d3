"""Spans for OpenTelemetry: the verbs of each unit, and the programs that they started.

They are off unless OpenTelemetry's own variables say where they go.

Like the profile it listens to the log (`tasks.promotion.under_way`). Its spans are below the current one, which is
that of the Prefect task run, since Prefect traces its runs by itself once there is a tracer provider.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

from flows.timing import SOURCES
from tasks import processes
from tasks.domain.errors import InvalidInput
from tasks.promotion.under_way import BEGAN, ENDED

_ABOUT = ("environment", "unit", "engine", "release", "run")
"""The fields of an event that say of what it is."""


def handler() -> Tracing:
    """A listener that sends spans where OpenTelemetry's variables say, in the background.

    Raises:
        InvalidInput: what sends them is not installed.
    """
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise InvalidInput(
            f"OpenTelemetry: OTEL_EXPORTER_OTLP_* is set, but {error.name} is not installed; "
            "pip install 'flowmart[tracing]', or unset these variables"
        ) from error
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        provider = TracerProvider(resource=Resource.create({"service.name": "flowmart"}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)
    return Tracing(trace.get_tracer("flowmart"))


class Tracing(logging.Handler):
    """Hands verbs and programs to an OpenTelemetry tracer, as spans below the current one.

    Args:
        tracer: an `opentelemetry.trace.Tracer`.
    """

    def __init__(self, tracer: Any) -> None:
        super().__init__(logging.DEBUG)
        self._tracer = tracer
        self._at = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Begin or end a span."""
        event = record.msg if isinstance(record.msg, dict) and record.name in SOURCES else {}
        kind, now = event.get("event"), record.created
        if kind == BEGAN:
            self._at.span = self._tracer.start_span(str(event["verb"]), attributes=_about(event), start_time=_ns(now))
        elif kind == processes.RAN:
            self._program(event, now)
        elif kind == ENDED and (span := getattr(self._at, "span", None)):
            span.end(_ns(now))
            self._at.span = None

    def _program(self, event: Mapping[str, Any], now: float) -> None:
        from opentelemetry import trace

        span = getattr(self._at, "span", None)
        within = trace.set_span_in_context(span) if span else None
        began = _ns(now - event["seconds"])
        code = {"process.exit.code": event["exit_code"]}
        self._tracer.start_span(event["program"], within, attributes=code, start_time=began).end(_ns(now))


def _about(event: Mapping[str, Any]) -> dict[str, str]:
    return {f"flowmart.{name}": str(event[name]) for name in _ABOUT if event.get(name)}


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
