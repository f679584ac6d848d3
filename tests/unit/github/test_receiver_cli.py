"""What came in from GitHub, looked at and started again from the command line."""

import json
from pathlib import Path

import pytest

from deployments import cli
from deployments.github.events import Ignored, Intent
from deployments.github.inbox import Inbox

COMMAND = Intent("comment/flowmart", {"body": "/flowmart plan"})
FIRST, SECOND, THIRD = "aaaa1111", "aaaa2222", "bbbb3333"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLOWMART_PROFILE", "none")
    monkeypatch.setenv("FLOWMART_GITHUB_INBOX", str(tmp_path / "inbox.sqlite"))
    return tmp_path / "inbox.sqlite"


@pytest.fixture
def delivered(file: Path) -> None:
    inbox = Inbox(file)
    inbox.receive(FIRST, "issue_comment", COMMAND).result(10)
    inbox.receive(SECOND, "issue_comment", COMMAND).result(10)
    inbox.receive(THIRD, "star", Ignored("star starts nothing")).result(10)
    inbox.failed(inbox.waiting()[0], "409 no").result(10)
    inbox.dispatched(inbox.waiting()[0], "run-1").result(10)
    inbox.close()


def printed(capsys: pytest.CaptureFixture[str]) -> object:
    return json.loads(capsys.readouterr().out)


def test_deliveries_are_listed_newest_last(delivered: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["github", "deliveries"]) == 0
    first, second, third = capsys.readouterr().out.splitlines()[1:]
    assert FIRST in first
    assert "failed" in first
    assert "409 no" in first
    assert "dispatched" in second
    assert "run-1" in second
    assert "star starts nothing" in third


def test_only_failed_ones_are_listed_when_asked_for(delivered: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["github", "deliveries", "--failed", "--json"]) == 0
    assert [entry["id"] for entry in printed(capsys)] == [FIRST]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("delivery", "again"), [(FIRST, 0), (SECOND, 1)])
def test_a_delivery_is_started_again(
    delivered: None, capsys: pytest.CaptureFixture[str], delivery: str, again: int
) -> None:
    assert cli.run(["github", "redeliver", delivery, "--json"]) == 0
    found = printed(capsys)
    assert (found["state"], found["again"]) == ("received", again)  # type: ignore[index]


@pytest.mark.parametrize(
    ("delivery", "said"),
    [("cccc", "there is none"), ("aaaa", "several begin so"), (THIRD, "starts nothing: star starts nothing")],
)
def test_what_cannot_be_started_again_is_said(
    delivered: None, capsys: pytest.CaptureFixture[str], delivery: str, said: str
) -> None:
    assert cli.run(["github", "redeliver", delivery]) == 64
    assert said in capsys.readouterr().err


def test_without_an_inbox_none_is_made(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["github", "deliveries"]) == 64
    assert "FLOWMART_GITHUB_INBOX" in capsys.readouterr().err
    assert not file.exists()
