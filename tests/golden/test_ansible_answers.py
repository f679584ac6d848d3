"""What ansible-core 2.19 really told through ansible-runner (recorded in ansible/), as the engine reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.outcome import Outcome
from tasks.domain.plan import Action
from tasks.domain.values import MASK, UNKNOWN
from tasks.engines.ansible import errors
from tasks.engines.ansible.answers import Results, masked, results
from tasks.engines.ansible.recordings import perhaps_without_hosts, unanswered_questions, without_hosts

RECORDED = Path(__file__).parent / "ansible"


def recorded(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((RECORDED / f"{name}.json").read_text())
    return found


@pytest.fixture
def rehearsed() -> Results:
    return results(recorded("rehearsed"))


def test_a_task_that_would_change_something_is_a_change_of_its_host(rehearsed: Results) -> None:
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


def told(task: str, action: str, result: dict[str, Any]) -> dict[str, Any]:
    data = {"host": "web", "role": "base", "task": task, "task_action": action, "res": {"changed": True, **result}}
    return {"event": "runner_on_ok", "event_data": data}


NEW = [{"before": "", "after_header": "/var/lib/runner/t.j2", "after": "hello\n"}]
ABSENT = {"before": {"path": "/etc/a", "state": "file"}, "after": {"path": "/etc/a", "state": "absent"}}


@pytest.mark.parametrize(
    ("result", "thing"),
    [
        # A template, as its action tells it; a module's own arguments; one of a loop; a folder to put something into.
        ({"diff": NEW, "invocation": {"dest": "/etc/a", "module_args": {"dest": "/etc/a"}}}, "web: /etc/a"),
        ({"diff": ABSENT, "invocation": {"module_args": {"path": "/etc//a/", "state": "absent"}}}, "web: /etc/a"),
        (
            {
                "results": [
                    {"changed": True, "diff": NEW, "invocation": {"dest": "/etc/a"}, "_ansible_item_label": "a"}
                ]
            },
            "web: /etc/a",
        ),
        ({"diff": NEW, "invocation": {"dest": "/etc/a.d/", "src": "files/a"}}, "web: /etc/a.d/a"),
        ({"diff": {}, "invocation": {"module_args": {"name": "deploy", "state": "present"}}}, ""),
        ({"diff": NEW}, ""),
    ],
)
def test_a_change_names_the_file_that_it_is_about(result: dict[str, Any], thing: str) -> None:
    (change,) = results([told("Write", "ansible.builtin.template", result)]).changes
    assert change.thing == thing


def test_of_a_file_only_the_lines_that_differ_are_told(rehearsed: Results) -> None:
    line = next(change for change in rehearsed.changes if change.address == "bastion : Set a line")
    assert line.before == {"content": ["Debian GNU/Linux 12 \\n \\l"]}
    assert line.after == {"content": ["FlowMart"]}


def test_what_a_task_with_no_log_does_is_told_without_what(rehearsed: Results) -> None:
    secret = rehearsed.changes[-1]
    assert (secret.before, secret.after) == ({"result": MASK}, {"result": UNKNOWN})
    assert "hunter2" not in (RECORDED / "rehearsed.json").read_text()


def test_where_nothing_changed_a_task_with_no_log_did_not_either() -> None:
    hidden = [event for event in recorded("again") if "censored" in (event["event_data"].get("res") or {})]
    assert hidden
    assert not [change for change in results(recorded("again")).changes if "secret" in change.address]


def test_a_change_that_shows_no_difference_is_named(rehearsed: Results) -> None:
    assert "bastion : paint : Tell" in rehearsed.blind


def test_a_failure_that_is_ignored_is_none(rehearsed: Results) -> None:
    assert rehearsed.failed == ()
    assert rehearsed.finished


def test_a_failed_task_is_told_with_host_and_reason() -> None:
    found = results(recorded("failed"))
    assert found.failed == ("bastion : Must not fail: there is no paint left",)
    assert found.unreachable == ()
    assert Action.CREATE in {change.action for change in found.changes}


def test_unreachable_is_not_failed() -> None:
    found = results(recorded("unreachable"))
    assert found.failed == ()
    assert len(found.unreachable) == 1
    assert found.unreachable[0].startswith("bastion : paint : Write a file: Task failed: Failed to connect")


def test_a_run_that_ended_half_way_has_not_finished() -> None:
    assert not results([event for event in recorded("rehearsed") if event["event"] != "playbook_on_stats"]).finished
    assert results([]) == Results()


# --- what our callback plugin records (rehearsal.jsonl) ---------------------------------------------------------

LINES = [json.loads(line) for line in (RECORDED / "rehearsal.jsonl").read_text().splitlines()]


def test_a_task_that_check_mode_skips_is_unrehearsed_and_one_that_its_condition_skips_is_not() -> None:
    assert results([], LINES).unrehearsed == (
        "bastion : Ask",
        "bastion : Loop ask",
        "bastion : Raw",
        "bastion : Not check",
        "bastion : In include",
    )


def test_what_depends_on_an_unrehearsed_task_is_not_comparable_through_other_variables_too() -> None:
    assert results([], LINES).dependent == ("bastion : Cond", "bastion : Set", "bastion : Write")


def test_a_dependent_change_is_unknown_and_no_change() -> None:
    done = {"event": "runner_on_ok", "event_data": {"host": "bastion", "task": "Write", "res": {"changed": True}}}
    found = results([done], LINES)
    assert found.changes == ()
    assert "bastion : Write: depends on a task that cannot be rehearsed" in found.unknown


def done(task: str, host: str) -> dict[str, Any]:
    data = {"host": host, "task": task, "task_uuid": task, "res": {"changed": True}}
    return {"event": "runner_on_ok", "event_data": data}


def test_which_host_is_faster_makes_no_other_plan() -> None:
    one, two = ([done(task, host) for task in ("Write", "Tell", "End")] for host in ("one", "two"))
    # `two` has tasks of an earlier play, and only it runs a task in the middle.
    two = [done("Before", "two"), *two[:2], done("Between", "two"), two[2]]
    asked = [line("Ask", host, rehearsed=False, task_uuid="Ask") for host in ("one", "two")]
    first, second = results([*one, *two], asked), results([two[0], two[1], one[0], *two[2:], *one[1:]], asked[::-1])
    assert first == second
    assert [change.address for change in first.changes] == [
        "two : Before",
        "one : Write",
        "two : Write",
        "one : Tell",
        "two : Tell",
        "two : Between",
        "one : End",
        "two : End",
    ]


def test_a_handler_that_runs_twice_stays_where_it_ran() -> None:
    ran = [done(task, "one") for task in ("Write", "Restart", "Tell", "Restart")]
    assert [change.address for change in results(ran).changes] == [
        "one : Write",
        "one : Restart",
        "one : Tell",
        "one : Restart",
    ]


def test_another_host_does_not_depend_on_it() -> None:
    elsewhere = {**LINES[9], "host": "other"}
    assert "other : Write" not in results([], [*LINES, elsewhere]).dependent


def line(task: str, host: str = "one", **more: Any) -> dict[str, Any]:
    about = {"registers": [], "everywhere": False, "names": [], "rescued_by": [], "handler": False}
    return {"event": "ok", "host": host, "role": "", "task": task, "rehearsed": True, **about, **more}


def test_what_one_host_registers_for_all_makes_tasks_of_the_others_depend_on_it() -> None:
    asked = line("Ask", rehearsed=False, registers=["said"], everywhere=True)
    told = results([], [asked, line("Write", names=["said"]), line("Write", "two", names=["said"])])
    assert told.dependent == ("one : Write", "two : Write")


def test_what_another_host_registered_is_reached_by_hostvars() -> None:
    asked = line("Ask", rehearsed=False, registers=["said"])
    told = results([], [asked, line("Write", "two", names=["said"]), line("Tell", "two", names=["hostvars", "said"])])
    assert told.dependent == ("two : Tell",)


def test_what_a_failing_unrehearsed_task_would_leave_out_is_not_comparable() -> None:
    tried = line("Try", rehearsed=False, rescued_by=["block"])
    told = results([], [tried, line("Then", rescued_by=["block"]), line("After it")])
    assert told.dependent == ("one : Then",)


def test_a_play_for_a_group_that_is_made_as_the_playbook_runs_may_match_no_host() -> None:
    there, missed = {"event": "play", "name": "webservers", "pattern": "['webservers']"}, {"event": "no hosts"}
    assert without_hosts([line("Group", makes_groups=True), there, missed]) == ()
    told = ("play webservers (hosts: 'webservers')",)
    assert without_hosts([there, missed, line("Group", makes_groups=True)]) == told
    skipped = line("Group", event="skipped", makes_groups=True)
    assert without_hosts([skipped, there, missed]) == told
    assert without_hosts([line("Ask", event="skipped", rehearsed=False), skipped, there, missed]) == ()


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ({}, ()),
        ({"changed": True}, ("play webservers (hosts: 'webservers')",)),
        ({"rehearsed": False, "event": "skipped"}, ("play webservers (hosts: 'webservers')",)),
        ({"event": "failed"}, ("play webservers (hosts: 'webservers')",)),
    ],
    ids=["certain", "changed", "not rehearsed", "failed"],
)
def test_a_play_that_may_match_a_host_in_an_apply_is_named(before: dict[str, Any], told: tuple[str, ...]) -> None:
    there, missed = {"event": "play", "name": "webservers", "pattern": "['webservers']"}, {"event": "no hosts"}
    made = [line("Before", **before), line("Group", makes_groups=True), there, missed]
    assert perhaps_without_hosts(made) == told
    unknown = [each for each in results([], made).unknown if each.startswith("play ")]
    assert unknown == [f"{play} matched no host; it may match one when applied" for play in told]


def failure(task: str, host: str = "bastion") -> dict[str, Any]:
    data = {"host": host, "task": task, "res": {"msg": "could not find the requested service"}}
    return {"event": "runner_on_failed", "event_data": data}


def test_a_failure_that_was_rescued_is_not_the_reason_of_a_later_one() -> None:
    events = [
        failure("Try", "one"),
        failure("Fail", "one"),
        {"event": "playbook_on_stats", "event_data": {"failures": {"one": 1}, "rescued": {"one": 1}}},
    ]
    lines = [line("Try", event="failed", rescued_by=["block"]), line("Fail", event="failed")]
    assert results(events, lines).failed == ("one : Fail: could not find the requested service",)


def test_a_rescued_failure_is_unknown_where_earlier_changes_were_not_made() -> None:
    lines = [line("Ask", rehearsed=False), line("Try", event="failed", rescued_by=["block"])]
    stats = {"event": "playbook_on_stats", "event_data": {"rescued": {"one": 1}}}
    skipped = {"event": "runner_on_skipped", "event_data": {"host": "one", "task": "Ask"}}
    found = results([skipped, failure("Try", "one"), stats], lines)
    assert found.unknown[-1] == "one : Try: fails, and the play goes on; earlier changes are not made in a rehearsal"


def test_values_that_a_play_asks_for_and_nobody_gives_are_named() -> None:
    asked = [{"event": "asks", "name": name, "has_default": name == "colour"} for name in ("password", "colour")]
    assert unanswered_questions(asked) == ("password",)


def test_handlers_that_ran_are_named() -> None:
    assert results([], LINES).handlers == ("bastion : Restart",)


def test_a_play_that_matches_no_host_is_named() -> None:
    assert without_hosts(LINES) == ("play webservers (hosts: 'webservers')",)


def test_a_task_that_fails_where_earlier_changes_were_not_made_is_unknown() -> None:
    installed = {"event": "runner_on_ok", "event_data": {"host": "bastion", "task": "I", "res": {"changed": True}}}
    found = results([installed, failure("Start")])
    assert found.blocked == found.failed == ("bastion : Start: could not find the requested service",)
    assert found.unknown[0].startswith("bastion : Start: could not find the requested service; earlier changes")
    assert results([failure("Start")]).blocked == ()


def test_a_change_after_a_failure_is_not_its_reason() -> None:
    written = {"event": "runner_on_ok", "event_data": {"host": "bastion", "task": "W", "res": {"changed": True}}}
    ignored = failure("Try")
    ignored["event_data"]["ignore_errors"] = True
    assert results([ignored, written]).ignored == ()
    assert results([failure("Try"), written]).blocked == ()


def test_an_item_that_fails_where_an_earlier_one_was_not_made_is_unknown() -> None:
    items = failure("Loop")
    items["event_data"]["res"]["results"] = [{"changed": True}, {"failed": True, "msg": "no such folder"}]
    assert results([items]).blocked == ("bastion : Loop: no such folder",)


def test_an_item_that_fails_before_another_one_is_made_is_a_failure() -> None:
    items = failure("Loop")
    items["event_data"]["res"]["results"] = [{"failed": True, "msg": "no package nginxx"}, {"changed": True}]
    found = results([items])
    assert (found.failed, found.blocked) == (("bastion : Loop: no package nginxx",), ())


@pytest.mark.parametrize(
    ("reason", "lost"),
    [
        ("[Errno 111] Connection refused", True),
        ("_ssl.c:990: The handshake operation was interrupted", True),
        ("unknown url type: htps", False),
        ("no host given", False),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", False),
    ],
)
def test_an_address_that_is_wrong_is_no_lost_fetch(reason: str, lost: bool) -> None:
    assert errors.is_lost(f"Unknown error when attempting to call Galaxy: <urlopen error {reason}>") is lost


@pytest.mark.parametrize(
    ("said", "lost"),
    [
        ("An error occurred (RequestLimitExceeded) when calling the DescribeInstances operation: Slower", True),
        ("503 Server Error: Service Unavailable for url: https://ipam.example/hosts", True),
        ('Connect timeout on endpoint URL: "https://ec2.example/"', True),
        ("Failed to parse inventory: Origin: /tmp/build-429/hosts.ini", False),
        ("Failed to parse inventory: Origin: /srv/timeout-service/503/hosts.ini:12 [throttled", False),
        ("An error occurred (UnauthorizedOperation) when calling the DescribeInstances operation: /502/", False),
    ],
)
def test_a_number_or_a_word_in_a_path_is_no_missing_response(said: str, lost: bool) -> None:
    assert errors.is_lost(said) is lost


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ("Failed to describe instances: Unable to locate credentials", True),
        ("The config profile (shop) could not be found", True),
        (
            "An error occurred (AuthFailure) when calling the DescribeInstances operation:"
            " AWS was not able to validate the provided access credentials",
            True,
        ),
        ("An error occurred (AuthFailure) when calling the DescribeInstances operation: Not authorized", False),
        ("An error occurred (UnauthorizedOperation) when calling the DescribeInstances operation: no", False),
    ],
)
def test_a_login_that_this_machine_lacks_says_nothing_about_the_hosts(said: str, missing: bool) -> None:
    assert errors.is_without_login(said) is missing


def test_groups_that_are_made_as_a_playbook_runs_are_no_change() -> None:
    assert results([told("Group", "ansible.builtin.group_by", {}), told("Add", "add_host", {})]).changes == ()


def test_what_a_host_cannot_do_and_a_module_does_not_take_fails_whatever_came_before() -> None:
    assert errors.is_final("web : Add: Task failed: Module failed: Function not implemented: not emulated")
    assert errors.is_final("web : Copy: Unsupported parameters for (copy) module: modus. Supported are")
    assert not errors.is_final("web : Start: Could not find the requested service nginx: host")


def test_a_failure_that_a_rehearsal_ignores_is_unknown_where_earlier_changes_were_not_made() -> None:
    installed = {"event": "runner_on_ok", "event_data": {"host": "bastion", "task": "I", "res": {"changed": True}}}
    ignored = failure("Start")
    ignored["event_data"]["ignore_errors"] = True
    found = results([installed, ignored])
    assert (found.failed, found.blocked) == ((), ())
    told = "bastion : Start: fails, and the play goes on; earlier changes are not made in a rehearsal"
    assert found.unknown == (told,)
    assert results([ignored]).unknown == ()


def test_an_unreachable_host_that_the_play_goes_on_without_is_not_reported() -> None:
    events = recorded("unreachable")
    ignored = [e if e["event"] != "playbook_on_stats" else {**e, "event_data": {"ignored": 1}} for e in events]
    assert results(ignored).unreachable == ()


def test_secrets_are_masked_in_changes_and_in_errors() -> None:
    found = masked(results(recorded("failed")), {"there is no paint"})
    assert found.failed == (f"bastion : Must not fail: {MASK} left",)
    line = next(c for c in masked(results(recorded("rehearsed")), {"FlowMart"}).changes if "Set a line" in c.address)
    assert line.after == {"content": [MASK]}


DENIED = "web-1 : Ping: Failed to connect to the host via ssh: root@10.0.0.1: Permission denied (publickey)."


@pytest.mark.parametrize(
    "said",
    [
        "Failed to connect to the host via ssh: ssh: connect to host 10.0.0.1 port 22: Connection refused",
        "Failed to connect to the host via ssh: kex_exchange_identification: Connection closed by remote host",
        "Failed to connect to the host via ssh: channel 0: open failed: connect failed: No route to host",
        "Failed to connect to the host via ssh: ssh: Could not resolve hostname bastion: Name or service not known",
    ],
)
def test_a_host_or_a_bastion_that_does_not_answer_has_not_refused_us(said: str) -> None:
    assert not errors.are_denied([said])


@pytest.mark.parametrize(
    "said",
    [
        DENIED,
        "Failed to connect to the host via ssh: Host key verification failed.",
        "Failed to connect to the host via ssh: Received disconnect: Too many authentication failures",
    ],
)
def test_a_host_that_does_not_let_us_in_has_answered(said: str) -> None:
    assert errors.are_denied([said])
    assert not errors.are_denied([])


# --- how a run ended --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "exit_code", "outcome"),
    [
        (Results(finished=True), 0, Outcome.SUCCEEDED),
        (Results(failed=("it broke",), finished=True), 2, Outcome.FAILED),
        (Results(failed=("it broke",), unreachable=("gone",), finished=True), 2, Outcome.FAILED),
        (Results(unreachable=("gone",), finished=True), 4, Outcome.UNANSWERED),
        (Results(unreachable=(DENIED,), finished=True), 4, Outcome.FAILED),
        (Results(unreachable=(DENIED, "web-2 : Ping: Connection timed out"), finished=True), 4, Outcome.UNANSWERED),
        (Results(unreachable=(DENIED,), finished=True), -9, Outcome.UNANSWERED),
        (Results(failed=("it broke",)), -9, Outcome.UNANSWERED),
        (Results(), -15, Outcome.UNANSWERED),
        (Results(), 137, Outcome.UNANSWERED),
        (Results(), 99, Outcome.UNANSWERED),
        (Results(), 250, Outcome.UNANSWERED),
        (Results(), 1, Outcome.FAILED),
    ],
)
def test_a_run_that_was_ended_or_reached_no_host_says_nothing_about_the_release(
    found: Results, exit_code: int, outcome: Outcome
) -> None:
    assert errors.outcome_of(found, exit_code) is outcome
