"""The proxy of the fault tests does what it says, and the same again with the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from tests.faults.proxy import FAULTS, FaultProxy
from tests.servers.loopback import serving


class Api(ThreadingHTTPServer):
    """Answers with what it was asked for; `asked` is what reached it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Tests are silent."""


@pytest.fixture
def api() -> Iterator[Api]:
    with serving(Api()) as server:
        yield server


@pytest.fixture
def proxy(api: Api) -> Iterator[FaultProxy]:
    with FaultProxy(f"http://127.0.0.1:{api.server_address[1]}") as made:
        yield made


def asked(proxy: FaultProxy, most: int) -> list[str]:
    """What became of so many requests."""
    found = []
    with httpx.Client(trust_env=False) as client:
        for number in range(most):
            try:
                found.append(str(client.get(f"{proxy.address}/{number}?a=%2F").status_code))
            except httpx.TransportError as error:
                found.append(type(error).__name__)
    return found


def test_without_faults_everything_passes_as_it_is(api: Api, proxy: FaultProxy) -> None:
    assert asked(proxy, 3) == ["200"] * 3
    assert api.asked == ["/0?a=%2F", "/1?a=%2F", "/2?a=%2F"]


def test_every_fault_is_met_and_some_are_carried_out_all_the_same(api: Api, proxy: FaultProxy) -> None:
    proxy.reseed(1, 1.0)
    found = asked(proxy, 40)
    assert {*proxy.met} == {*FAULTS}
    assert "200" not in found
    assert len(api.asked) == sum(count for fault, count in proxy.met.items() if fault.done)


def test_the_same_seed_meets_the_same_faults(proxy: FaultProxy) -> None:
    runs = []
    for seed in (1, 1, 2):
        proxy.reseed(seed, 0.3)
        runs.append(asked(proxy, 30))
    assert runs[0] == runs[1] != runs[2]
