"""What commands print with --json is what their schemas say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deployments import cli
from deployments.cli import output
from deployments.services import Part
from tasks.domain.platform import Approval
from tasks.ledger.history import History
from tasks.promotion import approvals
from tasks.promotion.approvals import Question
from tests.mini import MiniPlatform
from tests.unit.test_cli import verify


@pytest.fixture
def mini(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MiniPlatform:
    """A platform in which something has happened: one release is verified, another waits for an approval."""
    made = MiniPlatform(tmp_path)
    for name, value in {"PROFILE": "none", "REPOSITORY": str(made.repository), "STORE": made.settings.store}.items():
        monkeypatch.setenv(f"FLOWMART_{name}", value)
    ledger, release = History(made.settings).ledger, made.release("Paint it blue")
    verify(made, "dev", release)
    made.paint("dev", "green")
    newer = made.release("Paint it green", author="Anna")
    question = Question("staging", "d" * 64, {"first": "1 to create"}, Approval(), because="always")
    approvals.want(ledger, newer, question, datetime.now(UTC))
    return made


READING = ["status", "approvals", "history", "show dev/1", "show HEAD", "diff dev HEAD", "release list", "audit"]


@pytest.mark.parametrize("typed", [*READING, "doctor", "server status", "sandbox status"])
def test_a_command_prints_what_its_schema_says(
    typed: str, mini: MiniPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.run([*typed.split(), "--json"])
    printed = json.loads(capsys.readouterr().out)
    command = typed if typed in output.SCHEMAS else typed.split()[0]
    Draft202012Validator(output.schema(command)).validate(printed)
    assert printed


def test_a_schema_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["schema", "release", "list"]) == 0
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    Draft202012Validator.check_schema(printed)
    assert printed["$id"] == f"flowmart/output/{output.VERSION}/release-list"
    assert cli.run(["schema", "nothing"]) == 64


def test_every_schema_is_documented(project: Path) -> None:
    text = (project / "docs/command-line.md").read_text()
    assert [command for command in output.SCHEMAS if f"`{command}`" not in text] == []


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
    assert json.loads(capsys.readouterr().out)["changes"] == {}


def test_the_schema_of_parts_names_fields_that_they_have() -> None:
    assert set(output.SCHEMAS["server status"]["items"]["required"]) <= set(Part.__dataclass_fields__)
