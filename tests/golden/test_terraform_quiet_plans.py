"""Which plans need not be shown, by the lines in which `plan -json` tells of them; and the state in a plan's file."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import ZipFile

import pytest

from tasks.engines.terraform import plan_files, reading

VERSION = {"type": "version", "terraform": "1.11.4", "ui": "1.2"}
TOFU = {"type": "version", "tofu": "1.12.6", "ui": "1.2"}
READ = [{"type": kind} for kind in ("apply_start", "refresh_start", "refresh_complete", "apply_complete")]
NOTHING = {
    "type": "change_summary",
    "changes": {"add": 0, "change": 0, "import": 0, "remove": 0, "operation": "plan"},
}
OUTPUTS = {"type": "outputs", "outputs": {"o": {"sensitive": False, "action": "noop"}}}


def lines(*found: dict[str, object]) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in found)


@pytest.mark.parametrize(("version", "told"), [(VERSION, "1.11.4"), (TOFU, "1.12.6")])
def test_a_plan_that_only_read_holds_nothing(version: dict[str, object], told: str) -> None:
    assert reading.nothing_found(lines(version, *READ, NOTHING, OUTPUTS)) == {"terraform_version": told}


@pytest.mark.parametrize(
    "more",
    [
        {"type": "planned_change", "change": {"action": "update"}},
        {"type": "resource_drift", "change": {"action": "update"}},
        {"type": "diagnostic", "diagnostic": {"severity": "warning", "summary": "Check block assertion failed"}},
        {"type": "outputs", "outputs": {"o": {"sensitive": False, "action": "update"}}},
        {"type": "change_summary", "changes": {**NOTHING["changes"], "forget": 1}},  # type: ignore[dict-item]
        {"type": "something that a later version tells"},
    ],
    ids=lambda each: str(each["type"]),
)
def test_whatever_else_is_told_has_the_plan_shown(more: dict[str, object]) -> None:
    assert reading.nothing_found(lines(VERSION, *READ, NOTHING, OUTPUTS, more)) is None


@pytest.mark.parametrize("told", [lines(VERSION, *READ), lines(*READ, NOTHING), "", "No changes.\n"])
def test_what_was_cut_off_says_nothing(told: str) -> None:
    assert reading.nothing_found(told) is None


def plan_file(folder: Path, before: dict[str, object], refreshed: dict[str, object]) -> Path:
    file = folder / "plan"
    with ZipFile(file, "w") as made:
        made.writestr("tfstate-prev", json.dumps(before))
        made.writestr("tfstate", json.dumps(refreshed))
    return file


def test_the_state_behind_a_plan_is_that_before_the_refresh(tmp_path: Path) -> None:
    before = {"serial": 0, "lineage": "", "resources": [{"type": "before"}]}
    refreshed = {"serial": 7, "lineage": "one", "resources": [{"type": "refreshed"}]}
    found = plan_files.state_behind(plan_file(tmp_path, before, refreshed))
    assert found == {"serial": 7, "lineage": "one", "resources": [{"type": "before"}]}


def test_there_was_no_state_where_nothing_was_written(tmp_path: Path) -> None:
    empty = {"serial": 0, "lineage": "", "resources": [], "outputs": {}}
    assert plan_files.state_behind(plan_file(tmp_path, empty, empty)) == {}


def test_a_state_without_a_lineage_and_a_file_that_is_no_plan_are_asked_for(tmp_path: Path) -> None:
    odd = {"serial": 0, "lineage": "", "resources": [{"type": "kept"}]}
    assert plan_files.state_behind(plan_file(tmp_path, odd, odd)) is None
    encrypted = tmp_path / "encrypted"
    encrypted.write_text('{"meta": {}, "encrypted_data": "…"}')
    assert plan_files.state_behind(encrypted) is None
    assert plan_files.state_behind(tmp_path / "absent") is None
