"""What commands print with --json is what their schemas say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deployments import cli
from deployments.cli import exit_codes
from deployments.cli.schemas import SCHEMAS, VERSION
from deployments.github.events import Intent
from deployments.github.inbox import Inbox
from tasks.domain.drift import DriftedObject
from tasks.domain.events import DriftReported, EnvironmentFrozen, UnitRollbackFailed
from tasks.domain.platform import Approval
from tasks.ledger.history import History
from tasks.promotion import approval_requests
from tasks.promotion.approval_requests import Question
from tests.formats import outputs
from tests.platforms.mini import MiniPlatform
from tests.unit.test_cli import verify


@pytest.fixture
def mini(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MiniPlatform:
    """A platform in which something has happened: one release is verified, another waits for an approval."""
    made = MiniPlatform(tmp_path)
    about = {"PROFILE": "none", "REPOSITORY": str(made.repository), "STORE": made.settings.store}
    about["GITHUB_INBOX"] = str(tmp_path / "inbox.sqlite")
    for name, value in about.items():
        monkeypatch.setenv(f"FLOWMART_{name}", value)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    ledger, release = History(made.settings).ledger, made.release("Paint it blue")
    verify(made, "dev", release)
    made.paint("dev", "green")
    newer = made.release("Paint it green", author="Anna")
    question = Question("staging", "d" * 64, {"first": "1 to create"}, Approval(), because="always")
    approval_requests.want(ledger, newer, question, datetime.now(UTC))
    ledger.append("staging", UnitRollbackFailed(unit="first", release=newer.id, why="quota exceeded"))
    inbox = Inbox(tmp_path / "inbox.sqlite")
    inbox.receive("aaaa1111", "issue_comment", Intent("comment/flowmart", {"number": 7})).result(10)
    inbox.close()
    return made


@pytest.mark.parametrize(
    "line",
    ["freeze dev --reason sale --until 2020-01-01", "metrics --serve 99999", "server run board --port 99999"],
)
def test_a_day_that_is_over_and_a_port_that_cannot_be_are_wrong_usage(line: str, mini: MiniPlatform) -> None:
    assert cli.run(line.split()) == exit_codes.WRONG_USAGE


READING = [
    "status",
    "approvals",
    "history",
    "show dev/1",
    "show HEAD",
    "diff dev HEAD",
    "release list",
    "audit",
    "report dora dev",
]
SERVING = ["doctor", "server status", "server down", "sandbox status", "sandbox down"]
WRITING = [
    f"approve {'d' * 12} --record-only",
    f"refuse {'d' * 12} --reason no",
    "freeze dev --reason sale",
    "thaw dev --reason over",
    "release create",
    "resolve staging --reason repaired",
    "github deliveries",
    "github redeliver aaaa",
    "init",
]
ELSEWHERE = {
    # tests/flows/test_output.py
    *("promote", "adopt", "plan", "drift", "reconcile", "rollback", "rehearse", "recover", "continue"),
    # tests/unit/documentation/test_command.py
    "docs",
    # tests/unit/test_store_copying.py
    "backup",
    # tests/unit/test_cli_analysis.py
    "analysis try",
    # tests/unit/logs/test_commands.py
    *("logs show", "logs check"),
    # tests/contract/test_server.py, test_bootstrap.py and test_sandbox_prefect.py
    *("server up", "bootstrap", "sandbox up"),
}


def command_of(typed: str) -> str:
    """The command in what was typed."""
    words = typed.split()
    return " ".join(words[:2]) if " ".join(words[:2]) in SCHEMAS else words[0]


@pytest.mark.parametrize("typed", [*READING, *SERVING, *WRITING])
def test_a_command_prints_what_its_schema_says(
    typed: str, mini: MiniPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    if typed == "init":
        (mini.repository / "infrastructure/platform.yaml").unlink()
    assert cli.run([*typed.split(), "--json"]) in (0, 1)
    printed = json.loads(capsys.readouterr().out)
    outputs.check(command_of(typed), printed)
    assert printed or typed.endswith(" down")


def test_every_command_with_json_has_a_schema_and_is_held_against_it() -> None:
    commands = outputs.commands_with_json()
    assert commands == {*SCHEMAS}
    assert commands == ELSEWHERE | {command_of(typed) for typed in (*READING, *SERVING, *WRITING)}


def test_status_has_all_that_the_board_has(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    drifted = DriftReported(
        release="a", drifted=(DriftedObject("first", "it", "kind", "update", ("it changed",)),), units=("first",)
    )
    History(mini.settings).ledger.append("dev", drifted)
    History(mini.settings).ledger.append("dev", EnvironmentFrozen(reason="sale"))
    assert cli.run(["status", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    first = found["dev"]["cells"]["first"]
    assert (first["release"], first["health"], first["drifted"]) == (found["dev"]["release"], "drifted", 1)
    assert first["age"] >= 0
    assert found["dev"]["cells"]["second"]["health"] == "not there yet"
    assert [notice["kind"] for notice in found["dev"]["notices"]] == ["frozen"]
    blocked, wanted = found["staging"]["notices"]
    assert (blocked["kind"], wanted["kind"]) == ("blocked", "waits for approval")
    assert [link["text"] for link in wanted["links"]] == ["plan"]


def test_a_schema_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["schema", "release", "list"]) == 0
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    Draft202012Validator.check_schema(printed)
    assert printed["$id"] == f"flowmart/output/{VERSION}/release-list"
    assert cli.run(["schema", "nothing"]) == 64


def test_what_status_says_is_documented(project: Path) -> None:
    text = (project / "docs/command-line.md").read_text()
    keys = SCHEMAS["status"]["additionalProperties"]["properties"]
    assert [key for key in keys if f"`{key}`" not in text] == []


def test_a_difference_says_who_changed_what_and_when(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["diff", "dev", "HEAD", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [side["origin"]["subject"] for side in found["sides"]] == ["Paint it blue", "Paint it green"]
    changed = found["changes"]["terraform/dev/first/main.tf"]
    assert (changed["author"], changed["subject"]) == ("Anna <anna@flowmart.example>", "Paint it green")
    assert cli.run(["diff", "dev", "HEAD"]) == 0
    said = capsys.readouterr().out
    assert "HEAD: release" in said
    line = next(line for line in said.splitlines() if "terraform/dev/first/main.tf" in line)
    assert "Anna" in line


def test_what_no_commit_is_known_of_is_compared_all_the_same(
    mini: MiniPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["diff", "dev", "staging", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["files"], found["changes"]) == ([], {})
    assert cli.run(["diff", "dev", "staging"]) == 0
    assert "Files are not compared" in capsys.readouterr().err
