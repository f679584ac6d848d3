"""A real rsyslog that ships a log folder by the product's own configuration, and a door before the server."""

from __future__ import annotations

import json
import re
import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from deployments.sandbox.shipping import program
from tests.servers import loopback

_CONFIGURATION = Path(__file__).parents[2] / "docs/examples/logging/rsyslog.conf"

FILES = "test_opensearch_shipping.py"
NOT_RUN = f"not run: {FILES}, since there is no rsyslog with omelasticsearch (Debian: rsyslog, rsyslog-elasticsearch)"


@dataclass
class Door:
    """A port that leads to the server while it is open; while it is closed, every connection is dropped.

    While it is `busy`, bulks are answered with 200, and each of their items with 429, as by a server whose queue is
    full.
    """

    port: int = 0
    dropped: int = 0
    refused: int = 0
    busy: bool = False
    is_open: threading.Event = field(default_factory=threading.Event)
    passing: set[socket.socket] = field(default_factory=set)

    def open(self) -> None:
        """Let connections pass."""
        self.is_open.set()

    def close(self) -> None:
        """Drop every connection: those that there are, and those that come."""
        self.is_open.clear()
        self.hang_up()

    def hang_up(self) -> None:
        """End the connections that there are."""
        for each in [*self.passing]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def door(url: str) -> Iterator[Door]:
    """A door before the server at `url`."""
    target, found = urlsplit(url), Door()
    found.open()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if not found.is_open.is_set():
                found.dropped += 1
                return
            found.passing.add(self.request)
            if found.busy:
                _refuse(found, self.request)
                found.passing.discard(self.request)
                return
            with socket.create_connection((target.hostname or "", target.port or 0)) as behind:
                back = threading.Thread(target=_pass, args=(behind, self.request), daemon=True)
                back.start()
                _pass(self.request, behind)
                back.join(60)
            found.passing.discard(self.request)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.port = server.server_address[1]
    with loopback.serving(server):
        yield found


def _refuse(door: Door, connection: socket.socket) -> None:
    with suppress(OSError), connection.makefile("rb") as stream:
        while line := stream.readline():
            headers = dict(_headers(stream))
            body = stream.read(int(headers.get("content-length", 0)))
            actions = [json.loads(each) for each in body.splitlines() if b'"create"' in each[:12]]
            connection.sendall(_bulk_answer(actions) if b"/_bulk" in line else _http({}))
            door.refused += len(actions)


def _headers(stream: IO[bytes]) -> Iterator[tuple[str, str]]:
    while (line := stream.readline().strip()) and b":" in line:
        name, _, value = line.decode().partition(":")
        yield name.lower(), value.strip()


def _bulk_answer(actions: list[dict[str, Any]]) -> bytes:
    why = {"type": "rejected_execution_exception", "reason": "the queue is full"}
    items = [{"create": {**each["create"], "status": 429, "error": why}} for each in actions]
    return _http({"took": 1, "errors": True, "items": items})


def _http(document: Any) -> bytes:
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _pass(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            to.sendall(data)
    with suppress(OSError):
        to.shutdown(socket.SHUT_WR)


@contextmanager
def rsyslog(folder: Path, logs: Path, port: int) -> Iterator[Path]:
    """Ship the files of `logs` to a port while this lasts; the file with what the server refused."""
    folder.mkdir()
    refused = folder / "refused.json"
    text = _CONFIGURATION.read_text()
    for before, after in (
        (r"/var/log/flowmart/", f"{logs}/"),
        (r'serverport="9200"', f'serverport="{port}"'),
        (r"/var/spool/rsyslog/flowmart-refused\.json", str(refused)),
        (r'resumeInterval="5" action\.resumeIntervalMax="60"', 'resumeInterval="1" action.resumeIntervalMax="1"'),
        (r"global\(", f'global(workDirectory="{folder}" '),
    ):
        text, count = re.subn(before, after, text)
        assert count == 1, before
    configuration = folder / "rsyslog.conf"
    configuration.write_text(text)
    command = [program(), "-n", "-f", str(configuration), "-i", str(folder / "pid")]
    with (folder / "said").open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
        try:
            yield refused
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
