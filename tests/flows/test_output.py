"""What the commands that start flows print with --json is what their schemas say; one platform's life, in order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployments import cli
from deployments.cli.exit_codes import AWAITS_APPROVAL
from tasks.domain.events import EnvironmentPaused
from tasks.ledger.history import History
from tests.formats import outputs
from tests.platforms.mini import PLATFORM, MiniPlatform


class Printed:
    """The commands, and what they printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def run(self, typed: str, code: int = 0) -> Any:
        words = typed.split()
        self._capsys.readouterr()
        assert cli.run([*words, "--json"]) == code
        found = json.loads(self._capsys.readouterr().out)
        outputs.check(words[0], found)
        return found


def test_commands_that_start_flows_print_what_their_schemas_say(
    mini: MiniPlatform, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWMART_PROFILE", "none")
    mini.commit("Paint it blue")
    printed = Printed(capsys)
    assert printed.run("plan dev")["units"].keys() == {"first", "second"}
    first = printed.run("promote --to dev")["release"]
    History(mini.settings).ledger.append("staging", _paused(first))
    assert printed.run("rollback staging") == {"environment": "staging", "release": None}
    (mini.state / "staging-first.tfstate").write_bytes((mini.state / "dev-first.tfstate").read_bytes())
    assert printed.run("adopt staging first")["adopted"].keys() == {"first"}
    mini.paint("dev", "green")
    mini.commit("Paint dev green")
    assert printed.run("promote --to dev")["promoted_in"] == ["dev"]
    assert [report["drifted"] for report in printed.run("drift dev")] == [[]]
    assert len(printed.run("reconcile dev")) == 1
    assert printed.run("rollback dev") == {"environment": "dev", "release": first}
    assert printed.run("recover dev") == {"environment": "dev", "recovered": False}
    History(mini.settings).ledger.append("dev", _paused(first))
    assert printed.run("continue dev --reason seen") == {"environment": "dev", "release": first}
    mini.write("platform.yaml", PLATFORM.replace("  dev: {", "  dev: {gate: approval, "))
    mini.paint("dev", "red")
    mini.commit("Paint dev red")
    assert printed.run("promote --to dev", AWAITS_APPROVAL)["awaits"]


def _paused(release: str) -> EnvironmentPaused:
    return EnvironmentPaused(
        release=release, units=("first",), why="no data", doubtful=False, until="2100-01-01T00:00:00Z"
    )
