"""Where a run's time went: what the log's events amount to, as spans, as a file and as a table."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import structlog
import typer
from rich.console import Console
from typer.testing import CliRunner

from deployments.cli import profiling
from flows import logs, tracing
from flows.timing import Span, Timing, trace_events
from tasks.domain.errors import InvalidInput
from tasks.processes import Command, Processes
from tasks.promotion.executor import Verb

PLACE = ("dev", "shop")
APPLY = Span("apply", PLACE, 100.0, 10.0, verb=True)
WAIT = Span("waits for its turn", PLACE, 100.0, 3.0, verb=False)
PROGRAM = Span("terraform apply", PLACE, 104.0, 5.5, verb=False)
CHECK = Span("smoke", PLACE, 111.0, 1.0, verb=True)


class Run:
    """As much of an environment run as a verb needs."""

    processes = Processes()

    def log(self, unit: str) -> Any:
        return structlog.get_logger("flowmart.promotion").bind(environment="dev", unit=unit, engine="terraform")

    def usual(self, _: str, __: str) -> None:
        return None


def python(run: Run, _: str) -> None:
    run.processes.run(Command((sys.executable, "-c", "print()"), Path.cwd()))
    # As the engine of Terraform says it, in words of its own.
    structlog.get_logger("flowmart.terraform").debug("ran", command="terraform plan", seconds=0.1, exit_code=0)
    structlog.get_logger("flowmart.terraform").debug("ended")


def test_a_verb_and_the_programs_in_it_are_spans() -> None:
    timing = Timing()
    logs.configure("text", io.StringIO(), in_runs=False, listeners=[timing])
    Verb("plan", python)(Run(), "shop")
    program, verb = timing.spans
    assert (program.name, program.place, program.verb) == (Path(sys.executable).name, PLACE, False)
    assert (verb.name, verb.place, verb.verb) == ("plan", PLACE, True)
    assert 0 < program.seconds <= verb.seconds
    assert verb.began <= program.began


def test_a_verb_that_fails_is_a_span_too() -> None:
    timing = Timing()
    logs.configure("text", io.StringIO(), in_runs=False, listeners=[timing])
    with pytest.raises(ZeroDivisionError):
        Verb("apply", lambda *_: 1 / 0)(Run(), "shop")
    assert [span.name for span in timing.spans] == ["apply"]


def test_a_trace_file_has_a_process_for_an_environment_and_a_thread_for_a_unit() -> None:
    elsewhere = Span("apply", ("staging", "shop"), 120.0, 1.0, verb=True)
    events = trace_events([PROGRAM, APPLY, elsewhere])["traceEvents"]
    names = {(event["name"], event["args"]["name"]) for event in events if event["ph"] == "M"}
    assert names == {("process_name", "dev"), ("process_name", "staging"), ("thread_name", "shop")}
    spans = [event for event in events if event["ph"] == "X"]
    # What encloses comes first: viewers nest what begins at the same time in the order of the file.
    assert [(span["name"], span["cat"]) for span in spans[:2]] == [("apply", "verb"), ("terraform apply", "program")]
    assert (spans[0]["ts"], spans[0]["dur"]) == (100_000_000, 10_000_000)
    assert (spans[0]["pid"], spans[0]["tid"]) == (spans[1]["pid"], spans[1]["tid"])
    assert len({span["pid"] for span in spans}) == 2


def test_the_table_tells_how_much_of_a_step_were_programs_and_waiting() -> None:
    text = Console(file=io.StringIO(), width=100)
    text.print(profiling.table([CHECK, PROGRAM, WAIT, APPLY]))
    rows = [line.split() for line in text.file.getvalue().splitlines()]  # type: ignore[attr-defined]
    assert rows[1:] == [["dev", "shop", "apply", "10.0", "5.5", "3.0"], ["dev", "shop", "smoke", "1.0", "0.0", "0.0"]]


def command(file: Path, error: Exception | None = None) -> typer.Typer:
    app = typer.Typer()

    @app.command()
    def one() -> None:
        profiling.listening(file).spans.append(APPLY)
        if error:
            raise error

    return app


def test_the_file_is_written_when_the_command_fails_too(tmp_path: Path) -> None:
    file = tmp_path / "trace.json"
    CliRunner().invoke(command(file, ValueError("rolled back")))
    assert [event["name"] for event in json.loads(file.read_text())["traceEvents"]][-1] == "apply"


def test_a_file_that_cannot_be_written_is_refused_before_anything_begins(tmp_path: Path) -> None:
    done = CliRunner().invoke(command(tmp_path / "missing" / "trace.json"))
    assert isinstance(done.exception, InvalidInput)
    assert "No such file or directory; name a file that can be written" in str(done.exception)


# --- OpenTelemetry ---


def test_spans_are_below_the_current_one() -> None:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("test")
    logs.configure("text", io.StringIO(), in_runs=False, listeners=[tracing.Tracing(tracer)])
    with tracer.start_as_current_span("task run"):
        Verb("plan", python)(Run(), "shop")
    program, verb, run = kept.get_finished_spans()
    assert program.parent
    assert verb.parent
    assert verb.context
    assert run.context
    assert (program.parent.span_id, verb.parent.span_id) == (verb.context.span_id, run.context.span_id)
    assert verb.attributes
    assert program.attributes
    assert dict(verb.attributes) == {
        "flowmart.environment": "dev",
        "flowmart.unit": "shop",
        "flowmart.engine": "terraform",
    }
    assert program.attributes["process.exit.code"] == 0


class Collector(BaseHTTPRequestHandler):
    """Takes what an OpenTelemetry exporter sends."""

    got: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        self.got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


SENDS = """
import structlog
from flows import logs, tracing
logs.configure("text", in_runs=False, listeners=[tracing.handler()])
log = structlog.get_logger("flowmart.promotion").bind(environment="dev", unit="shop")
log.debug("began", verb="apply")
log.debug("ended", verb="apply", seconds=1.0)
"""


def test_spans_arrive_at_a_collector() -> None:
    handler = type("Kept", (Collector,), {"got": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    collector = f"http://127.0.0.1:{server.server_port}"
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([sys.executable, "-c", SENDS], env=variables, capture_output=True, text=True, check=False)
    server.shutdown()
    server.server_close()
    assert done.returncode == 0, done.stderr
    [(path, body)] = handler.got
    assert path == "/v1/traces"
    assert b"flowmart.unit" in body
    assert b"shop" in body
