"""A rollback rehearsed with real Terraform, from the command line: what is done, printed, shown and wanted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployments import cli
from deployments.cli.exit_codes import DONE, REJECTED, WRONG_USAGE
from tasks.ledger.history import History
from tests.formats import outputs
from tests.platforms.mini import PLATFORM, MiniPlatform

REHEARSED = PLATFORM.replace(
    "  dev: {", "  scratch: {account: '222222222222', region: eu-west-1}\n  dev: {rehearsal: {environment: scratch}, "
)
STRICT = REHEARSED.replace("scratch}, ", "scratch}, gate: {rehearsed: 24h}, ")


@pytest.fixture
def rehearsed(mini: MiniPlatform, monkeypatch: pytest.MonkeyPatch) -> MiniPlatform:
    """The platform with an environment to rehearse dev's rollbacks in: both units are there, of the same colours."""
    monkeypatch.setenv("FLOWMART_PROFILE", "none")
    everywhere = REHEARSED.replace("[dev, staging]", "[dev, staging, scratch]")
    mini.write("platform.yaml", everywhere)
    second = (mini.repository / "infrastructure/terraform/dev/second/main.tf").read_text()
    mini.write("terraform/scratch/second/main.tf", second.replace("dev-", "scratch-"))
    return mini


def painted(mini: MiniPlatform, colour: str) -> str:
    for environment in ("dev", "scratch"):
        mini.paint(environment, colour)
    return mini.release(f"Paint it {colour}").id


def run(capsys: pytest.CaptureFixture[str], typed: str, code: int = DONE) -> str:
    capsys.readouterr()
    assert cli.run(typed.split()) == code
    found = capsys.readouterr()
    return found.out + found.err


def document(capsys: pytest.CaptureFixture[str], typed: str) -> Any:
    capsys.readouterr()
    assert cli.run([*typed.split(), "--json"]) == DONE
    return json.loads(capsys.readouterr().out)


def test_a_rollback_is_rehearsed_shown_and_wanted(
    rehearsed: MiniPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    blue = painted(rehearsed, "blue")
    run(capsys, "promote --to dev")
    assert "nothing to rehearse" in run(capsys, "rehearse dev", WRONG_USAGE)
    green = painted(rehearsed, "green")
    made = document(capsys, f"rehearse dev --release {green}")
    outputs.check("rehearse", made)
    assert (made["release"], made["earlier"], made["outcome"]) == (green, blue, "succeeded")
    assert [unit["result"] for unit in made["units"]] == ["rolled back", "rolled back"]
    assert History(rehearsed.settings).state("scratch").verified == blue
    assert History(rehearsed.settings).state("dev").verified == blue
    assert document(capsys, f"show {green}")["rehearsals"] == {"dev": made["told"]}

    rehearsed.write("platform.yaml", STRICT.replace("[dev, staging]", "[dev, staging, scratch]"))
    red = painted(rehearsed, "red")
    assert f"flowmart rehearse dev --release {red}" in run(capsys, "promote --to dev", REJECTED)
    assert "second" in run(capsys, f"rehearse dev --release {red}", REJECTED)
    assert "rehearsal FAILED" in run(capsys, "promote --to dev", REJECTED)
    assert "rehearsal failed: rehearsal FAILED" in run(capsys, "status")
    assert "it is for rehearsals" in run(capsys, "promote --to scratch", WRONG_USAGE)
