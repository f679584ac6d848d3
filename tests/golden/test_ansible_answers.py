"""What ansible-core 2.19 really told through ansible-runner (recorded in ansible/), as the engine reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.plan import Action
from tasks.domain.values import MASK, UNKNOWN
from tasks.engines.ansible.answers import Heard, heard

RECORDED = Path(__file__).parent / "ansible"


def recorded(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((RECORDED / f"{name}.json").read_text())
    return found


@pytest.fixture
def rehearsed() -> Heard:
    return heard(recorded("rehearsed"))


def test_a_task_that_would_change_something_is_a_change_of_its_host(rehearsed: Heard) -> None:
    assert [(change.address, change.action.value) for change in rehearsed.changes] == [
        ("bastion : paint : Write a file", "create"),
        ("bastion : Make folders (a)", "create"),
        ("bastion : Make folders (b)", "create"),
        ("bastion : Set a line", "update"),
        ("bastion : Remove a file", "delete"),
        ("bastion : paint : Tell", "update"),
        ("bastion : Write a secret", "update"),
    ]
    assert {change.kind for change in rehearsed.changes} == {
        "ansible.builtin.copy",
        "ansible.builtin.file",
        "ansible.builtin.lineinfile",
        "ansible.builtin.debug",
    }


def test_of_a_file_only_the_lines_that_differ_are_told(rehearsed: Heard) -> None:
    line = next(change for change in rehearsed.changes if change.address == "bastion : Set a line")
    assert line.before == {"content": ["Debian GNU/Linux 12 \\n \\l"]}
    assert line.after == {"content": ["FlowMart"]}


def test_what_a_task_with_no_log_does_is_told_without_what(rehearsed: Heard) -> None:
    secret = rehearsed.changes[-1]
    assert (secret.before, secret.after) == ({"result": MASK}, {"result": UNKNOWN})
    assert "hunter2" not in (RECORDED / "rehearsed.json").read_text()


def test_where_nothing_changed_a_task_with_no_log_did_not_either() -> None:
    hidden = [event for event in recorded("again") if "censored" in (event["event_data"].get("res") or {})]
    assert hidden
    assert not [change for change in heard(recorded("again")).changes if "secret" in change.address]


def test_a_change_that_shows_no_difference_and_a_command_that_is_not_rehearsed_are_named(rehearsed: Heard) -> None:
    assert "bastion : paint : Tell" in rehearsed.blind
    assert rehearsed.unrehearsed == ("bastion : Ask",)


def test_a_failure_that_is_ignored_is_none(rehearsed: Heard) -> None:
    assert rehearsed.failed == ()
    assert rehearsed.finished


def test_a_failed_task_is_told_with_host_and_reason() -> None:
    found = heard(recorded("failed"))
    assert found.failed == ("bastion : Must not fail: there is no paint left",)
    assert found.unreachable == ()
    assert Action.CREATE in {change.action for change in found.changes}


def test_unreachable_is_not_failed() -> None:
    found = heard(recorded("unreachable"))
    assert found.failed == ()
    assert len(found.unreachable) == 1
    assert found.unreachable[0].startswith("bastion : paint : Write a file: Task failed: Failed to connect")


def test_a_run_that_ended_half_way_has_not_finished() -> None:
    assert not heard([event for event in recorded("rehearsed") if event["event"] != "playbook_on_stats"]).finished
    assert heard([]) == Heard()
