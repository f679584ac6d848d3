"""How a request is answered, and what of it is kept."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployments.github import settings as github_settings
from deployments.github.events import Ignored
from deployments.github.inbox import Inbox, State
from deployments.github.receiver import create_app
from deployments.github.settings import ReceiverSettings
from flows import logs
from tasks.domain.errors import InvalidInput
from tests.doubles.deliveries import SECRET, AppClient, comment, encoded, headers, home, pull_request, push

NEXT_SECRET = "the secret of next month"
LIMIT = 4096


@pytest.fixture
def woken() -> list[None]:
    return []


@pytest.fixture
def client(inbox: Inbox, woken: list[None]) -> AppClient:
    settings = ReceiverSettings.model_validate({"webhook_secret": f"{SECRET},{NEXT_SECRET}", "body_limit": LIMIT})
    app = create_app(settings, home(inbox), inbox, lambda: woken.append(None), lambda: "Prefect does not answer")
    return AppClient(app)


def send(client: AppClient, event: str, payload: Any, delivery: str = "", secret: str = SECRET) -> httpx.Response:
    body = payload if isinstance(payload, bytes) else encoded(payload)
    return client.post(body, headers(event, body, delivery, secret))


def test_a_delivery_is_kept_and_answered(client: AppClient, inbox: Inbox, woken: list[None]) -> None:
    answer = send(client, "pull_request", pull_request())
    assert answer.status_code == 202
    assert answer.json() == {
        "delivery": inbox.waiting()[0].id,
        "state": "received",
        "what": "starts pull-request/flowmart",
    }
    assert len(woken) == 1


def test_the_same_delivery_is_answered_again_and_kept_once(
    client: AppClient, inbox: Inbox, woken: list[None]
) -> None:
    same = "0b7d3a42-5b8f-4d6c-9d38-3d7f1f0a6c11"
    assert send(client, "push", push(), same).json()["what"] == "starts deliver/flowmart"
    again = send(client, "push", push(), same.upper())
    assert (again.status_code, again.json()["what"]) == (202, "known: received")
    assert (len(inbox.waiting()), len(woken)) == (1, 1)


def test_while_a_secret_is_rotated_both_are_accepted_and_no_third(client: AppClient) -> None:
    answers = [send(client, "push", push(), secret=s).status_code for s in (SECRET, NEXT_SECRET, "an old secret")]
    assert answers == [202, 202, 401]


def test_a_changed_body_is_not_signed(client: AppClient, inbox: Inbox) -> None:
    body = encoded(push())
    answer = client.post(body + b" ", headers("push", body))
    assert answer.status_code == 401
    assert inbox.counts() == {}


@pytest.mark.parametrize(
    ("changed", "status", "word"),
    [
        ({"x-github-delivery": None}, 400, "x-github-delivery: missing"),
        ({"x-github-delivery": "17"}, 400, "x-github-delivery: not a UUID"),
        ({"x-github-event": None}, 400, "x-github-event: missing"),
        ({"x-github-event": "push; drop table"}, 400, "x-github-event: not an event's name"),
        ({"x-hub-signature-256": None}, 400, "x-hub-signature-256: missing"),
        ({"x-hub-signature-256": "sha1=" + "0" * 40}, 400, "is a secret set in the webhook?"),
        ({"x-hub-signature-256": "sha256=" + "0" * 64}, 401, "FLOWMART_GITHUB_WEBHOOK_SECRET"),
        ({"x-hub-signature-256": "sha256=" + "é" * 64}, 400, "x-hub-signature-256"),
        ({"content-type": "application/x-www-form-urlencoded"}, 415, "choose application/json"),
        ({"content-type": None}, 415, "content type missing"),
    ],
)
def test_headers_that_github_would_not_send_are_named(
    client: AppClient, inbox: Inbox, changed: dict[str, str | None], status: int, word: str
) -> None:
    body = encoded(push())
    wanted = {name: value for name, value in (headers("push", body) | changed).items() if value is not None}
    sent = {name: value.encode("latin-1") for name, value in wanted.items()}
    answer = client.post(body, sent)
    assert (answer.status_code, word in answer.json()["error"]) == (status, True), answer.text
    assert inbox.counts() == {}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 3000, b'{"a": ' + b"1" * 4000, b"NaN"]
)
def test_a_body_that_is_no_json_object_is_not_accepted(client: AppClient, inbox: Inbox, body: bytes) -> None:
    assert send(client, "push", body).status_code == 400
    assert inbox.counts() == {}


def test_a_body_above_the_limit_is_refused_by_what_it_says(client: AppClient) -> None:
    assert send(client, "push", b" " * (LIMIT + 1)).status_code == 413


def test_a_body_that_does_not_say_how_long_it_is_is_read_up_to_the_limit(client: AppClient) -> None:
    read = []

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(100):
            read.append(number)
            yield b" " * 1024

    assert client.post(chunks(), headers("push", b"")).status_code == 413
    assert len(read) == LIMIT // 1024 + 1


def test_another_repository_is_told_so(client: AppClient, inbox: Inbox) -> None:
    payload = push()
    payload["repository"]["full_name"] = "mallory/shop"
    answer = send(client, "push", payload)
    assert answer.status_code == 403
    assert "mallory/shop is not the platform's repository" in answer.json()["what"]
    assert inbox.counts() == {State.REFUSED: 1}


def test_a_fork_is_recorded_and_starts_nothing(client: AppClient, inbox: Inbox, woken: list[None]) -> None:
    fork = {"sha": "ab" * 20, "repo": {"full_name": "mallory/shop"}}
    answer = send(client, "pull_request", pull_request(head=fork))
    assert (answer.status_code, answer.json()["what"]) == (202, "refused: a fork: mallory/shop")
    assert (inbox.counts(), woken) == ({State.REFUSED: 1}, [])


def test_a_ping_is_answered(client: AppClient) -> None:
    answer = send(client, "ping", {"zen": "Design for failure.", "hook_id": 1})
    assert (answer.status_code, answer.json()["what"]) == (200, "pong")


def test_an_odd_payload_is_answered_with_the_field_that_is_odd(client: AppClient) -> None:
    answer = send(client, "push", push(sha="HEAD"))
    assert (answer.status_code, answer.json()["what"]) == (422, "refused: push: after: not what GitHub sends")


def test_what_cannot_be_kept_is_not_promised(client: AppClient, inbox: Inbox) -> None:
    inbox._journal.write(lambda connection: connection.execute("DROP TABLE delivery") and None).result(10)
    assert send(client, "push", push()).status_code == 503
    assert client.get("/health").status_code == 503


def test_health_says_what_waits_and_why(client: AppClient) -> None:
    send(client, "push", push())
    found = client.get("/health").json()
    assert (found["status"], found["reason"]) == ("troubled", "Prefect does not answer")
    assert found["deliveries"] == {"received": 1}
    assert found["waiting_since"] > 1_700_000_000


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/"])
def test_there_are_no_other_pages(client: AppClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_neither_bodies_nor_secrets_are_logged(client: AppClient, caplog: pytest.LogCaptureFixture) -> None:
    logs.configure("json", in_runs=False)
    logging.getLogger("flowmart").addHandler(caplog.handler)
    send(client, "issue_comment", comment("/flowmart plan of-the-royal-wedding"))
    send(client, "push", push(), secret="not the right secret")
    assert "comment/flowmart" in caplog.text
    assert "royal-wedding" not in caplog.text
    assert SECRET not in caplog.text


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLOWMART_GITHUB_WEBHOOK_SECRET", f"{SECRET} , {NEXT_SECRET}")
    monkeypatch.setenv("FLOWMART_REPOSITORY", str(tmp_path))
    found = github_settings.load()
    assert found.secrets == (SECRET.encode(), NEXT_SECRET.encode())
    assert found.inbox_file == tmp_path / ".flowmart/inbox.sqlite"
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "FLOWMART_GITHUB_WEBHOOK_SECRET is not set"),
        ({"WEBHOOK_SECRET": "geheim"}, "can be guessed"),
        ({"WEBHOOK_SECRET": f"{SECRET},{SECRET},{SECRET}"}, "two while it is rotated"),
        (
            {"WEBHOOK_SECRET": SECRET, "SWEEP_SECONDS": "1"},
            "FLOWMART_GITHUB_SWEEP_SECONDS",
        ),
    ],
)
def test_wrong_settings_are_named_and_secrets_are_not_repeated(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str
) -> None:
    monkeypatch.delenv("FLOWMART_GITHUB_WEBHOOK_SECRET", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(f"FLOWMART_GITHUB_{name}", value)
    with pytest.raises(InvalidInput, match=said) as caught:
        github_settings.load()
    assert "geheim" not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_how_long_an_answer_took_is_counted(client: AppClient, inbox: Inbox) -> None:
    assert send(client, "push", push()).status_code == 202
    inbox.receive("later", "push", Ignored("written after the count")).result(10)
    assert [count for count, _ in inbox.acknowledgements().values()] == [1]
