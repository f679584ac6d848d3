"""The sweep's questions, held against GitHub's own description of its API, and answered as GitHub does, in pages."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deployments.github.asking import Attempt, GitHubSource, Head
from tasks.domain.errors import NotFound, Refused, Unanswered
from tasks.github.client import connect
from tasks.settings import Settings
from tests.doubles.deliveries import REPOSITORY, SHA
from tests.doubles.github_stub.description import Description

ADDRESS = "https://flowmart.example/github/webhook"
TOKEN = "ghp_of_the_tests"
AT = "2026-03-01T10:00:00Z"
MOMENT = 1772359200.0


def hook(id: int, url: str, active: bool = True) -> dict[str, Any]:
    return {"type": "Repository", "id": id, "name": "web", "active": active, "config": {"url": url}}


def delivery(id: int) -> dict[str, Any]:
    return {"id": id, "guid": f"GUID-{id}", "delivered_at": AT, "event": "push", "status_code": 502}


def pull(number: int, repository: str | None) -> dict[str, Any]:
    repo = {"full_name": repository, "id": 4711 if repository == REPOSITORY else 666} if repository else None
    return {"number": number, "updated_at": AT, "head": {"sha": SHA, "repo": repo}}


ANSWERS: dict[str, Any] = {
    f"/repos/{REPOSITORY}": {"id": 4711, "full_name": REPOSITORY, "default_branch": "main", "pushed_at": AT},
    f"/repos/{REPOSITORY}/branches/main": {"name": "main", "commit": {"sha": SHA}},
    f"/repos/{REPOSITORY}/pulls": [pull(1, REPOSITORY), pull(2, "mallory/shop"), pull(3, None)],
    f"/repos/{REPOSITORY}/hooks": [
        hook(1, "https://elsewhere.example/"),
        hook(2, ADDRESS),
        hook(3, ADDRESS, active=False),
    ],
    f"/repos/{REPOSITORY}/hooks/2/deliveries": [delivery(number) for number in range(250, 0, -1)],
    f"/repos/{REPOSITORY}/hooks/2/deliveries/17": {"id": 17, "request": {"headers": {}, "payload": {"ref": "x"}}},
    "/app/hook/config": {"url": ADDRESS},
    "/app/hook/deliveries": [delivery(3)],
    "/app/hook/deliveries/3": {"id": 3, "request": {"headers": {}, "payload": {"ref": "y"}}},
}
REFUSALS = {"/repos/flowmart/gone": 404, "/repos/flowmart/closed": 403, "/repos/flowmart/down": 502}


class Handler(BaseHTTPRequestHandler):
    """Lists in pages, where the page is a number or a cursor, as the operation has it."""

    description = Description()
    violations: list[str]

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        status = self._judged(asked.path, dict(parse_qsl(asked.query)))
        found = ANSWERS.get(asked.path) if status == 200 else {"message": "no"}
        self.send_response(status)
        if isinstance(found, list):
            found = self._page(found, asked.path, dict(parse_qsl(asked.query)))
        body = json.dumps(found).encode()
        self.send_header("content-type", "application/json; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _judged(self, path: str, query: dict[str, str]) -> int:
        operation = self.description.operation("GET", path)
        if operation is None:
            self.violations.append(f"{path}: no such operation")
            return 404
        self.violations.extend(self.description.mistakes(operation, query, None))
        is_app = operation.name.startswith("apps/")
        if not is_app and self.headers["authorization"] not in (f"Bearer {TOKEN}", f"token {TOKEN}"):
            return 401
        return REFUSALS.get(path, 200 if path in ANSWERS else 404)

    def _page(self, items: list[Any], path: str, asked: dict[str, str]) -> list[Any]:
        size = int(asked["per_page"])
        if not path.endswith("/deliveries"):
            begin = size * (int(asked["page"]) - 1)
            return items[begin : begin + size]
        begin = int(asked.get("cursor", 0))
        if begin + size < len(items):
            following = f"http://{self.headers['host']}{path}?per_page={size}&cursor={begin + size}"
            self.send_header("link", f'<{following}>; rel="next"')
        return items[begin : begin + size]

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


@pytest.fixture
def address() -> Iterator[str]:
    violations: list[str] = []
    handler = type("OfThisTest", (Handler,), {"violations": violations})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
    assert violations == []


def source_at(address: str, token: str = TOKEN) -> GitHubSource:
    told = {"github_api": address, "github_token": token, "github_repository": REPOSITORY, "platform": "shop"}
    product = Settings.model_validate(told)
    return GitHubSource(connect(product), product)


@pytest.fixture(scope="module")
def key() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_an_app_has_one_webhook_of_its_own(address: str, key: str) -> None:
    told = {"github_api": address, "github_app_id": "12345", "github_private_key": key}
    product = Settings.model_validate(told)
    source = GitHubSource(connect(product), product)
    (hook,) = source.hooks(REPOSITORY, ADDRESS)
    (attempt,) = source.attempts(REPOSITORY, hook, MOMENT)
    assert attempt == Attempt(3, "guid-3", "push", MOMENT)
    assert source.payload(REPOSITORY, hook, attempt.number) == {"ref": "y"}


def test_only_our_active_hook_is_ours(address: str) -> None:
    assert list(source_at(address).hooks(REPOSITORY, ADDRESS)) == [2]


def test_deliveries_are_read_page_by_page_back_to_a_moment(address: str) -> None:
    found = list(source_at(address).attempts(REPOSITORY, 2, MOMENT))
    assert len(found) == 250
    assert found[0] == Attempt(250, "guid-250", "push", MOMENT)
    assert list(source_at(address).attempts(REPOSITORY, 2, MOMENT + 1)) == []


def test_a_payload_is_what_was_sent(address: str) -> None:
    assert source_at(address).payload(REPOSITORY, 2, 17) == {"ref": "x"}


def test_heads_are_the_default_branch_and_pull_requests_that_are_no_forks(address: str) -> None:
    source = source_at(address)
    found = list(source.heads(REPOSITORY, source.repository().branch))
    assert found == [Head(SHA, MOMENT, branch="main"), Head(SHA, MOMENT, number=1)]


@pytest.mark.parametrize(("name", "error"), [("gone", NotFound), ("closed", Refused), ("down", Unanswered)])
def test_a_refusal_is_no_and_silence_is_none(address: str, name: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=f"GET /repos/flowmart/{name}"):
        list(source_at(address).heads(f"flowmart/{name}", "main"))


def test_a_wrong_token_is_told_and_not_shown(address: str) -> None:
    with pytest.raises(Refused, match="401") as caught:
        list(source_at(address, "ghp_wrong").heads(REPOSITORY, "main"))
    assert "ghp_wrong" not in str(caught.value)


def test_a_branch_may_have_a_slash_in_its_name(address: str) -> None:
    with pytest.raises(NotFound, match="branches/releases%2Fnow"):
        list(source_at(address).heads(REPOSITORY, "releases/now"))


def test_where_nobody_listens_there_is_no_answer() -> None:
    with pytest.raises(Unanswered, match="GET /repos/flowmart/shop"):
        list(source_at("http://127.0.0.1:9").heads(REPOSITORY, "main"))
