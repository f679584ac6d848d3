"""The http and tcp checks against real sockets: what is a wrong answer, and what is none."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from types import SimpleNamespace
from typing import Any

import pytest

from tasks.checks import running
from tasks.checks.answers import Surroundings
from tasks.domain.outcome import CheckResult, Outcome
from tasks.domain.platform import Check
from tests.servers import loopback
from tests.servers.certificates import Certificates, certificates


class Service(BaseHTTPRequestHandler):
    """Answers by path: /status/404, /header, /silent, /trickle, /broken; "all is well" otherwise."""

    def do_GET(self) -> None:
        what, _, argument = self.path.strip("/").partition("/")
        if what == "silent":
            self.server.done.wait()  # type: ignore[attr-defined]
        elif what == "trickle":
            self._trickle()
        elif what == "broken":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
        else:
            self._answer(int(argument or 200), self.headers.get("X-Who") if what == "header" else "all is well")

    def _answer(self, status: int, body: str | None) -> None:
        self.send_response(status)
        self.send_header("Location", "/")
        self.end_headers()
        self.wfile.write((body or "").encode())

    def _trickle(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not self.server.done.wait(0.02):  # type: ignore[attr-defined]
            try:
                self.wfile.write(b".")
            except OSError:
                return

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are silent."""


@contextmanager
def serving(wrapped: Callable[[socket.socket], socket.socket] = lambda plain: plain) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.done = threading.Event()  # type: ignore[attr-defined]
    server.socket = wrapped(server.socket)
    with loopback.serving(server):
        try:
            yield server.server_address[1]
        finally:
            server.done.set()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving() as found:
        yield found


@pytest.fixture
def closed() -> Iterator[int]:
    """A port that is bound, so that nobody else gets it, but that nobody listens on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def hanging_up() -> Iterator[int]:
    """A port whose owner closes every connection without a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up() -> None:
            while True:
                try:
                    listening.accept()[0].close()
                except OSError:
                    return

        thread = threading.Thread(target=hang_up)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A certificate, with its key, that no trust store knows."""
    return certificates(tmp_path_factory.mktemp("tls"))


def asked(kind: str, timeout: float = 60, **options: Any) -> CheckResult:
    """One attempt. The time limit is long, since the machine may be busy, where it is not what is tested."""
    options["timeout"] = timeout
    around = Surroundings(client=lambda service: service, outputs={}, folder=Path("/nowhere"), variables={})
    return running.run(Check("a check", kind, options, within=0), around)


@pytest.mark.parametrize(
    ("path", "options", "outcome", "found"),
    [
        ("", {}, Outcome.SUCCEEDED, "status 200"),
        ("", {"contains": "is well"}, Outcome.SUCCEEDED, "status 200"),
        ("", {"contains": "is bad"}, Outcome.FAILED, "status 200: all is well"),
        ("status/503", {}, Outcome.FAILED, "status 503: all is well"),
        ("status/503", {"status": [200, 503]}, Outcome.SUCCEEDED, "status 503"),
        ("status/503", {"contains": "all is well"}, Outcome.FAILED, "status 503: all is well"),
        ("status/301", {}, Outcome.FAILED, "status 301: all is well"),
        ("status/301", {"status": 301}, Outcome.SUCCEEDED, "status 301"),
        ("header", {"contains": "me"}, Outcome.FAILED, "status 200 and an empty body"),
        ("header", {"contains": "me", "headers": {"X-Who": "it is me"}}, Outcome.SUCCEEDED, "status 200"),
        ("silent", {"timeout": 0.1}, Outcome.FAILED, "no answer in time"),
        ("trickle", {}, Outcome.SUCCEEDED, "status 200"),
    ],
)
def test_http(port: int, path: str, options: dict[str, Any], outcome: Outcome, found: str) -> None:
    result = asked("http", url=f"http://127.0.0.1:{port}/{path}", **options)
    assert (result.outcome, result.found) == (outcome, found)


def test_a_service_that_trickles_is_cut_off_by_the_timeout(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # A clock on which every look takes seven seconds: ten pieces are too many.
    monkeypatch.setattr("tasks.checks.network.time", SimpleNamespace(monotonic=count(step=7).__next__))
    result = asked("http", url=f"http://127.0.0.1:{port}/trickle", contains="the end", timeout=60)
    assert result.outcome is Outcome.FAILED
    assert result.found.startswith("status 200: ....")


def test_a_body_that_breaks_off_fails(port: int) -> None:
    result = asked("http", url=f"http://127.0.0.1:{port}/broken", contains="the end")
    assert result.outcome is Outcome.FAILED
    assert result.found.startswith("no answer: peer closed connection")


def test_the_expectation_names_url_statuses_and_text() -> None:
    result = asked("http", url="http://127.0.0.1:1/", status=[200, 204], contains="ok")
    assert result.expected == 'http://127.0.0.1:1/ answers 200 or 204 with "ok"'


def test_a_refused_connection_fails(closed: int) -> None:
    http, tcp = asked("http", url=f"http://127.0.0.1:{closed}/"), asked("tcp", host="127.0.0.1", port=closed)
    assert (http.outcome, http.found) == (Outcome.FAILED, "no answer: Connection refused")
    assert (tcp.outcome, tcp.found) == (Outcome.FAILED, "no answer: Connection refused")


def test_a_dropped_connection_fails(hanging_up: int) -> None:
    assert asked("http", url=f"http://127.0.0.1:{hanging_up}/").outcome is Outcome.FAILED


def test_a_port_that_accepts_connections(port: int) -> None:
    result = asked("tcp", host="127.0.0.1", port=port)
    assert (result.outcome, result.found) == (Outcome.SUCCEEDED, "it does")
    assert result.expected == f"127.0.0.1:{port} accepts connections"


def test_a_name_that_cannot_be_resolved_is_unanswered() -> None:
    http, tcp = asked("http", url="http://shop.invalid/"), asked("tcp", host="shop.invalid", port=80)
    assert (http.outcome, tcp.outcome) == (Outcome.UNANSWERED, Outcome.UNANSWERED)
    assert http.found.startswith("the name cannot be resolved here: ")
    assert tcp.found.startswith("the name cannot be resolved here: ")


def test_an_untrusted_certificate_is_unanswered(self_signed: Certificates) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed.certificate, self_signed.key)
    with serving(lambda plain: context.wrap_socket(plain, server_side=True)) as secure:
        result = asked("http", url=f"https://127.0.0.1:{secure}/")
    assert result.outcome is Outcome.UNANSWERED
    assert result.found.startswith("its certificate is not trusted here: ")


def test_a_service_that_does_not_speak_tls_fails(port: int) -> None:
    assert asked("http", url=f"https://127.0.0.1:{port}/").outcome is Outcome.FAILED


@pytest.mark.parametrize("url", ["http://[::x/", "http://127.0.0.1:99999/", f"http://{'a' * 70}.example/"])
def test_an_address_that_outputs_make_invalid_fails_without_an_attempt(url: str) -> None:
    result = asked("http", url=url)
    assert (result.outcome, result.attempts) == (Outcome.FAILED, 0)
    assert result.found.startswith(f"with the unit's outputs filled in, url is {url!r}: Value error, ")


def test_a_service_that_drops_connections_behind_a_proxy_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy opens the tunnel, and the service closes it in the middle of the TLS handshake."""

    class Tunnel(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")

    with ThreadingTCPServer(("127.0.0.1", 0), Tunnel) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.server_address[1]}")
        monkeypatch.setenv("no_proxy", "")
        assert asked("http", url="https://service.example/").outcome is Outcome.FAILED
        proxy.shutdown()


def test_a_proxy_that_does_not_respond_says_nothing_of_the_service(
    port: int, closed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://me:hush@127.0.0.1:{closed}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    said = asked("http", url="http://service.example/")
    assert said.outcome is Outcome.UNANSWERED
    assert f"the proxy 127.0.0.1:{closed} does not respond" in said.found
    assert "hush" not in said.found
    assert asked("http", url=f"http://127.0.0.1:{closed}/").outcome is Outcome.FAILED
    assert asked("http", url=f"http://127.0.0.1:{port}/").outcome is Outcome.SUCCEEDED
