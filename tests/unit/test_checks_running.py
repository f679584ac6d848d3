"""Asking again until it is good or the time is up; references to outputs; assertions on outputs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tasks.checks import running
from tasks.checks.answers import Surroundings
from tasks.checks.references import resolved
from tasks.domain.errors import Refused, Unanswered
from tasks.domain.outcome import CheckResult, Outcome
from tasks.domain.platform import Check
from tasks.domain.values import MASK

OUTPUTS: Mapping[str, Any] = {
    "url": "http://shop",
    "port": 8080,
    "zones": ["a", "b", "c"],
    "tags": {"Unit": "networking"},
    "multi_az": False,
    "password": MASK,
    "nothing": None,
}


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


def around(folder: Path = Path("/nowhere"), outputs: Mapping[str, Any] = OUTPUTS) -> Surroundings:
    return Surroundings(client=lambda service: service, outputs=outputs, folder=folder, variables={})


def asked(kind: str, options: Mapping[str, Any]) -> CheckResult:
    return running.run(Check("a check", kind, options, within=0), around())


def countdown(folder: Path, codes: list[int]) -> Check:
    """A script that ends with the next of `codes` each time, and then always with the last."""
    (folder / "codes").write_text("\n".join(map(str, codes)))
    (folder / "check.sh").write_text(
        "#!/bin/sh\n"
        "code=$(head -n 1 codes)\n"
        '[ "$(wc -l < codes)" -gt 0 ] && tail -n +2 codes > rest && mv rest codes\n'
        'echo "code $code"\n'
        'exit "$code"\n'
    )
    (folder / "check.sh").chmod(0o755)
    return Check("a check", "script", {"path": "check.sh"}, within=3, every=1)


@pytest.mark.parametrize(
    ("codes", "outcome", "attempts", "slept"),
    [
        ([0], Outcome.SUCCEEDED, 1, []),
        ([1, 2, 0, 1], Outcome.SUCCEEDED, 3, [1, 1]),
        ([1], Outcome.FAILED, 4, [1, 1, 1]),
        ([2], Outcome.UNANSWERED, 4, [1, 1, 1]),
        ([2, 2, 2, 1], Outcome.FAILED, 4, [1, 1, 1]),
        ([1, 1, 1, 2], Outcome.UNANSWERED, 4, [1, 1, 1]),
    ],
)
def test_a_check_is_retried_until_it_passes_and_else_the_last_attempt_decides(
    tmp_path: Path, codes: list[int], outcome: Outcome, attempts: int, slept: list[float]
) -> None:
    time = Time()
    check = countdown(tmp_path, codes)
    result = running.run(check, around(tmp_path), sleep=time.sleep, clock=time.clock)
    assert (result.outcome, result.attempts, time.slept) == (outcome, attempts, slept)
    assert result.seconds == sum(slept)


def test_the_last_attempt_is_made_at_the_end_of_the_time(tmp_path: Path) -> None:
    time = Time()
    check = countdown(tmp_path, [1])
    slow = Check(check.name, check.kind, check.options, within=2.5, every=2)
    running.run(slow, around(tmp_path), sleep=time.sleep, clock=time.clock)
    assert time.slept == [2, 0.5]


def test_without_time_a_check_is_attempted_once(tmp_path: Path) -> None:
    check = countdown(tmp_path, [1])
    once = Check(check.name, check.kind, check.options, within=0, every=1)
    assert running.run(once, around(tmp_path)).attempts == 1


def test_a_result_holds_what_was_checked_expected_and_found() -> None:
    result = asked("output", {"name": "zones", "at_least": 4})
    assert (result.name, result.kind, result.outcome) == ("a check", "output", Outcome.FAILED)
    assert (result.expected, result.found) == ("output zones is at least 4", "3 entries")


@pytest.mark.parametrize(
    ("options", "outcome", "found"),
    [
        ({"name": "url", "equals": "http://shop"}, Outcome.SUCCEEDED, "http://shop"),
        ({"name": "url", "equals": "http://other"}, Outcome.FAILED, "http://shop"),
        ({"name": "multi_az", "equals": False}, Outcome.SUCCEEDED, "False"),
        ({"name": "zones", "equals": ["a", "b", "c"]}, Outcome.SUCCEEDED, "['a', 'b', 'c']"),
        ({"name": "url", "matches": "^http://"}, Outcome.SUCCEEDED, "http://shop"),
        ({"name": "url", "matches": "^https://"}, Outcome.FAILED, "http://shop"),
        ({"name": "port", "matches": "8080"}, Outcome.FAILED, "8080"),
        ({"name": "port", "at_least": 8080}, Outcome.SUCCEEDED, "8080"),
        ({"name": "port", "at_least": 8080.5}, Outcome.FAILED, "8080"),
        ({"name": "zones", "at_least": 3}, Outcome.SUCCEEDED, "3 entries"),
        ({"name": "tags", "at_least": 2}, Outcome.FAILED, "1 entries"),
        ({"name": "zones", "at_least": "{outputs.port}"}, Outcome.FAILED, "3 entries"),
        ({"name": "url", "at_least": 1}, Outcome.FAILED, "http://shop, which is not a number, list or map"),
        ({"name": "multi_az", "at_least": 0}, Outcome.FAILED, "False, which is not a number, list or map"),
        ({"name": "url", "present": True}, Outcome.SUCCEEDED, "present"),
        ({"name": "url", "present": False}, Outcome.FAILED, "present"),
        ({"name": "absent", "present": True}, Outcome.FAILED, "absent"),
        ({"name": "nothing", "present": False}, Outcome.SUCCEEDED, "absent"),
        ({"name": "password", "present": True}, Outcome.SUCCEEDED, "present"),
        (
            {"name": "password", "equals": "guess"},
            Outcome.UNANSWERED,
            "the output is sensitive; assert `present` instead of its value",
        ),
        (
            {"name": "prot", "equals": 8080},
            Outcome.FAILED,
            "no such output; there are: multi_az, nothing, password, port, tags, url, zones",
        ),
    ],
)
def test_an_assertion_on_an_output(options: Mapping[str, Any], outcome: Outcome, found: str) -> None:
    result = asked("output", options)
    assert (result.outcome, result.found) == (outcome, found)


def test_a_reference_alone_keeps_its_type_and_others_become_text() -> None:
    options = {
        "url": "{outputs.url}:{outputs.port}/x",
        "port": "{outputs.port}",
        "list": [{"deep": "{outputs.zones}"}],
    }
    assert resolved(options, OUTPUTS) == {
        "url": "http://shop:8080/x",
        "port": 8080,
        "list": [{"deep": ["a", "b", "c"]}],
    }


def test_braces_without_a_reference_are_kept() -> None:
    assert resolved("{outputs} {x} {outputs.} {{outputs.port}}", OUTPUTS) == "{outputs} {x} {outputs.} {8080}"


@pytest.mark.parametrize("name", ["prot", "nothing"])
def test_a_reference_to_a_missing_output_is_refused_and_lists_the_outputs(name: str) -> None:
    with pytest.raises(Refused, match=f"no output {name}; its outputs: multi_az, .*url"):
        resolved(f"http://{{outputs.{name}}}", OUTPUTS)


def test_a_reference_to_a_sensitive_output_is_unanswered() -> None:
    with pytest.raises(Unanswered, match="password is sensitive"):
        resolved("{outputs.password}", OUTPUTS)


def test_a_check_that_refers_to_a_missing_output_fails_at_once() -> None:
    time = Time()
    check = Check("a check", "tcp", {"host": "{outputs.hots}", "port": 1}, within=60, every=1)
    result = running.run(check, around(), sleep=time.sleep, clock=time.clock)
    assert (result.outcome, result.attempts, time.slept) == (Outcome.FAILED, 0, [])
    assert result.found.startswith("the unit has no output hots")


def test_a_check_that_refers_to_a_sensitive_output_is_unanswered() -> None:
    assert asked("http", {"url": "http://{outputs.password}"}).outcome is Outcome.UNANSWERED


def test_an_output_of_the_wrong_type_fails_with_the_option_it_was_for() -> None:
    result = asked("tcp", {"host": "127.0.0.1", "port": "{outputs.url}"})
    assert result.outcome is Outcome.FAILED
    assert result.found.startswith("with the unit's outputs filled in, port is 'http://shop': ")
