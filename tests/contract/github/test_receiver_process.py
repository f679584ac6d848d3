"""The receiver as a process: killed, ended, flooded with the same delivery, and with Prefect gone."""

import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from deployments.github.events import Intent
from deployments.github.inbox import Inbox, State
from tests.doubles import load
from tests.doubles.deliveries import EXAMPLE, REPOSITORY, ReceiverProcess, comment, encoded, headers, pull_request
from tests.doubles.prefect_stub import PrefectStub, prefect_stub


@pytest.fixture
def prefect() -> Iterator[PrefectStub]:
    with prefect_stub() as stub:
        yield stub
        assert stub.strange == []


@pytest.fixture
def receiver(tmp_path: Path, prefect: PrefectStub) -> Iterator[ReceiverProcess]:
    started = ReceiverProcess(tmp_path, prefect.address)
    started.start()
    yield started
    if started.process and started.process.poll() is None:
        started.end()


def until(condition: Callable[[], bool], receiver: ReceiverProcess) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, receiver.log()[-5000:]
        time.sleep(0.1)


def idle(receiver: ReceiverProcess) -> bool:
    return receiver.health()["waiting_since"] is None


def test_killed_in_the_middle_of_a_stream_it_loses_nothing_that_it_answered(
    receiver: ReceiverProcess, prefect: PrefectStub
) -> None:
    promised: set[str] = set()
    for _ in range(2):
        outcome = load.send(receiver, load.ids(600), kill_after=200)
        assert set(outcome.answered.values()) == {202}
        promised |= outcome.promised
        receiver.start()
    until(lambda: idle(receiver), receiver)
    assert len(promised) >= 400
    assert promised <= set(prefect.runs) | superseded(receiver)


def superseded(receiver: ReceiverProcess) -> set[str]:
    """The second stream has pull requests of the same numbers: of those that still waited, the later one counts."""
    inbox = Inbox(receiver.folder / "inbox.sqlite")
    found = inbox.newest((State.IGNORED,), limit=10_000)
    inbox.close()
    assert all(entry.reason.startswith("superseded by ") for entry in found)
    return {entry.id for entry in found}


def test_a_thousand_times_the_same_delivery_starts_one_run(receiver: ReceiverProcess, prefect: PrefectStub) -> None:
    (same,) = load.ids(1)
    outcome = load.send(receiver, [same] * 1000)
    assert outcome.answered == {same: 202}
    assert len(outcome.times) == 1000
    until(lambda: idle(receiver), receiver)
    assert list(prefect.runs) == [same]
    assert prefect.asked == 1


def test_while_prefect_is_gone_deliveries_are_answered_and_started_when_it_is_back(
    receiver: ReceiverProcess, prefect: PrefectStub
) -> None:
    prefect.status = 503
    outcome = load.send(receiver, load.ids(20))
    assert len(outcome.promised) == 20
    until(lambda: receiver.health()["status"] == "troubled", receiver)
    assert "503" in receiver.health()["reason"]
    prefect.status = 0
    until(lambda: idle(receiver), receiver)
    assert set(prefect.runs) == outcome.promised
    until(lambda: receiver.health()["status"] == "ok", receiver)


def test_what_a_dead_receiver_had_started_without_noting_it_is_not_started_twice(
    tmp_path: Path, prefect: PrefectStub
) -> None:
    inbox = Inbox(tmp_path / "inbox.sqlite")
    (delivery,) = load.ids(1)
    inbox.receive(delivery, "issue_comment", Intent("comment/flowmart", {"body": "/flowmart plan"})).result(10)
    inbox.close()
    prefect.runs[delivery] = {"id": "9c9f6c1c-31a1-4f5c-9e61-b0a7d6a9f2ef", "flow_id": delivery, "parameters": {}}
    receiver = ReceiverProcess(tmp_path, prefect.address)
    receiver.start()
    until(lambda: idle(receiver), receiver)
    receiver.end()
    assert len(prefect.runs) == 1


def test_told_to_end_it_ends_well_and_what_waits_stays(tmp_path: Path) -> None:
    receiver = ReceiverProcess(tmp_path, "http://127.0.0.1:9/api")
    receiver.start()
    outcome = load.send(receiver, load.ids(5))
    # uvicorn ends as the signal would have ended it, but only after everything else has ended well.
    assert receiver.end(signal.SIGTERM) in (0, -signal.SIGTERM)
    assert '"event": "ended"' in receiver.log()
    inbox = Inbox(tmp_path / "inbox.sqlite")
    assert {entry.id for entry in inbox.waiting()} == outcome.promised
    inbox.close()


def test_a_stranger_s_request_is_refused_and_its_body_is_not_in_the_log(receiver: ReceiverProcess) -> None:
    body = encoded(comment("/flowmart promote of-the-royal-wedding") | {"repository": {"full_name": EXAMPLE}})
    answer = httpx.post(receiver.webhook, content=body, headers=headers("issue_comment", body, secret="a guess"))
    assert answer.status_code == 401
    accepted = httpx.post(receiver.webhook, content=body, headers=headers("issue_comment", body))
    assert accepted.status_code == 202
    assert "royal-wedding" not in receiver.log()


def test_a_repository_that_was_not_allowed_is_accepted_when_github_sends_it_again(
    receiver: ReceiverProcess, prefect: PrefectStub
) -> None:
    body = encoded(pull_request())
    about = headers("pull_request", body)
    assert httpx.post(receiver.webhook, content=body, headers=about).status_code == 403
    receiver.end()
    receiver.variables = {"FLOWMART_GITHUB_REPOSITORY": REPOSITORY}
    receiver.start()
    assert httpx.post(receiver.webhook, content=body, headers=about).status_code == 202
    until(lambda: idle(receiver), receiver)
    assert list(prefect.runs) == [about["x-github-delivery"]]


def test_half_open_connections_keep_nobody_out_and_are_closed(receiver: ReceiverProcess) -> None:
    with ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(("127.0.0.1", receiver.port))) for _ in range(600)]
        for connection in silent[::2]:
            connection.sendall(b"POST /github/webhook HTTP/1.1\r\nHost: x\r\n")
        assert httpx.get(f"{receiver.address}/health", timeout=10).status_code == 200
        for connection in silent:
            connection.settimeout(60)
            assert connection.recv(1) == b""


def test_what_the_receiver_writes_is_its_own_user_s(receiver: ReceiverProcess) -> None:
    body = encoded(comment("/flowmart help") | {"repository": {"full_name": EXAMPLE}})
    assert httpx.post(receiver.webhook, content=body, headers=headers("issue_comment", body)).status_code == 202
    written = [path for path in receiver.folder.rglob("*") if path.is_file() and path.name != "receiver.log"]
    assert written
    assert {oct(path.stat().st_mode & 0o077) for path in written} == {"0o0"}
