"""Prefect is a guest: without a server, or with one that stops, a flow does the same and says what is missing."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from tasks.domain.errors import Refused
from tasks.steps.guests import call, remembered


class Healthy(BaseHTTPRequestHandler):
    """A server that says that it is well, and nothing else."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Flow:
    """A flow as Prefect runs it: `before` and `after` are what Prefect does around the function."""

    def __init__(self, function: Callable[..., Any], before: Exception | None = None, after: Exception | None = None):
        self.fn = remembered(function)
        self._before = before
        self._after = after
        self.tries = 0

    def __call__(self, *arguments: object) -> Any:
        self.tries += 1
        if self._before:
            raise self._before
        result = self.fn(*arguments)
        if self._after:
            raise self._after
        return result


@pytest.fixture
def server() -> Iterator[None]:
    listening = HTTPServer(("127.0.0.1", 0), Healthy)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{listening.server_port}"}):
        yield
    listening.shutdown()


def refusing(_: int) -> int:
    raise Refused("a policy says no")


def doubling(calls: list[int]) -> Callable[[int], int]:
    def double(number: int) -> int:
        calls.append(number)
        return 2 * number

    return double


def run(flow: Flow) -> Any:
    return call(flow, 21)  # type: ignore[arg-type]


def test_without_a_server_a_flow_runs_plainly() -> None:
    calls: list[int] = []
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        assert run(Flow(doubling(calls), before=RuntimeError("Failed to reach API"))) == 42
    assert calls == [21]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    "stops", [{}, {"before": RuntimeError("503")}, {"after": RuntimeError("Failed to reach API")}]
)
def test_wherever_the_server_stops_the_function_runs_exactly_once(stops: dict[str, Exception]) -> None:
    calls: list[int] = []
    assert run(Flow(doubling(calls), **stops)) == 42
    assert calls == [21]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("stops", [{}, {"before": RuntimeError("503")}])
def test_what_the_function_raises_is_raised(stops: dict[str, Exception]) -> None:
    with pytest.raises(Refused, match="a policy says no"):
        run(Flow(refusing, **stops))


@pytest.fixture
def own_server() -> Iterator[subprocess.Popen[bytes]]:
    """Prefect's own server for this process, which does not get ready."""
    # Its import takes seconds, which every worker would pay to find out which tests there are.
    from prefect.server.api.server import SubprocessASGIServer

    starting = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        SubprocessASGIServer().server_process = starting
        yield starting
        SubprocessASGIServer().stop()
    starting.communicate()


def test_a_server_of_its_own_that_does_not_start_is_ended_and_not_tried_again(
    own_server: subprocess.Popen[bytes],
) -> None:
    calls: list[int] = []
    late = RuntimeError("Timed out while attempting to connect to ephemeral Prefect API server.")
    inner = Flow(doubling(calls), before=late)
    outer = Flow(lambda number: call(inner, number) + 1, before=late)  # type: ignore[arg-type, return-value]
    assert run(outer) == 43
    assert (calls, inner.tries) == ([21], 0)
    assert own_server.poll() is not None
