"""A GitHub on loopback for tests: strict about what it is asked, and with a memory that tests can look at.

Every request is held against GitHub's own OpenAPI description (path, query, body, media types) and must say who asks;
what is wrong with one is kept in `violations`, and the fixture fails the test for it. What it remembers is `state`.
It can be told to be down, or to give certain answers next.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import jwt

from tests.doubles.github_stub.answers import ANSWERS
from tests.doubles.github_stub.description import Description, Operation
from tests.doubles.github_stub.state import Invalid, Missing, State

TOKEN = "stub-token-0123456789"
MEDIA_TYPES = ("application/vnd.github+json", "application/json")


class GitHubStub:
    """What a test holds of it. `app_key`: the public key (PEM) of a GitHub App, with which its tokens are checked."""

    def __init__(self) -> None:
        self.state = State()
        self.description = Description()
        self.violations: list[str] = []
        self.requests: list[tuple[str, str]] = []
        self.next_answers: list[tuple[int, Mapping[str, str], str]] = []
        self.down = False
        self.app_key = ""
        self.url = ""

    def answer_next(self, status: int, message: str = "", **headers: str) -> None:
        """Give this answer to the next request, instead of doing what it asks."""
        self.next_answers.append((status, {key.replace("_", "-"): value for key, value in headers.items()}, message))

    def asked(self, method: str) -> list[str]:
        """The paths of all requests with a method, in order."""
        return [path for asked, path in self.requests if asked == method]

    def answer(self, request: Request) -> tuple[int, Mapping[str, str], Any]:
        """Judge a request, and answer it."""
        self.requests.append((request.method, request.path))
        if self.down:
            return 502, {}, {"message": "Server Error"}
        if self.next_answers:
            status, headers, message = self.next_answers.pop(0)
            return status, headers, {"message": message}
        if moved := self._moved(request):
            return moved
        operation = self.description.operation(request.method, request.path)
        if operation is None:
            self.violations.append(f"{request.method} {request.path}: no such operation is used")
            return 404, {}, {"message": "Not Found"}
        wrong = [*self._wrong_headers(operation, request), *self._wrong(operation, request)]
        if wrong:
            self.violations += [f"{request.method} {request.path}: {one}" for one in wrong]
            return 422, {}, {"message": "; ".join(wrong)}
        return self._done(operation, request)

    def _moved(self, request: Request) -> tuple[int, Mapping[str, str], Any] | None:
        """What is asked about a name that the repository had: its number, where GitHub answers for ever."""
        named = "/".join(request.path.split("/")[2:4])
        if request.path.startswith("/repos/") and named in self.state.former:
            address = f"{self.url}/repositories/{self.state.number}{request.path.removeprefix(f'/repos/{named}')}"
            return (301 if request.method == "GET" else 307), {"Location": address}, {"message": "Moved Permanently"}
        begins = f"/repositories/{self.state.number}"
        if request.path.startswith(begins):
            request.path = f"/repos/{self.state.repository}{request.path.removeprefix(begins)}"
        return None

    def _wrong(self, operation: Operation, request: Request) -> Iterator[str]:
        yield from self.description.mistakes(operation, request.query, request.body)
        asked = f"{operation.path.get('owner')}/{operation.path.get('repo')}"
        if "repo" in operation.path and asked != self.state.repository:
            yield f"{asked} is another repository"

    def _wrong_headers(self, operation: Operation, request: Request) -> Iterator[str]:
        if request.headers.get("accept") not in MEDIA_TYPES:
            yield f"Accept is {request.headers.get('accept')}"
        if request.body is not None and request.headers.get("content-type") != "application/json":
            yield f"Content-Type is {request.headers.get('content-type')}"
        if not request.headers.get("user-agent"):
            yield "no User-Agent: GitHub refuses such requests"
        yield from self._wrong_authorization(operation, request.headers.get("authorization", ""))

    def _wrong_authorization(self, operation: Operation, given: str) -> Iterator[str]:
        kind, _, token = given.partition(" ")
        if kind.lower() not in ("bearer", "token"):
            yield f"Authorization is {kind or 'missing'}"
        elif operation.name.startswith("apps/"):
            try:
                jwt.decode(token, self.app_key, algorithms=["RS256"], issuer="12345")
            except jwt.PyJWTError as error:
                yield f"the app's token: {error}"
        elif token not in (TOKEN, "installation-token"):
            yield "the token is not one that was given out"

    def _done(self, operation: Operation, request: Request) -> tuple[int, Mapping[str, str], Any]:
        try:
            status, body = ANSWERS[operation.name](self.state, operation.path, request.query, request.body)
        except Missing as error:
            return 404, {}, {"message": str(error)}
        except Invalid as error:
            self.violations.append(f"{request.method} {request.path}: {error}")
            return 422, {}, {"message": str(error)}
        self.violations += [f"the stub: {one}" for one in self.description.wrong_answer(operation, status, body)]
        return status, {}, body


class Request:
    """A request, read."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        address = urlsplit(handler.path)
        self.method = handler.command
        self.path = unquote(address.path)
        self.query = dict(parse_qsl(address.query, keep_blank_values=True))
        self.headers = {key.lower(): value for key, value in handler.headers.items()}
        content = handler.rfile.read(int(self.headers.get("content-length", 0)))
        self.body = json.loads(content) if content else None


@contextmanager
def running() -> Iterator[GitHubStub]:
    """A stub on a free port of loopback."""
    stub = GitHubStub()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            request = Request(self)
            with lock:
                status, headers, body = stub.answer(request)
            content = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json; charset=utf-8", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815 (http.server names them so)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
