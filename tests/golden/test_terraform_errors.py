"""Which failed terraform commands got no answer and which were rejected, held against recorded answers."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.domain.outcome import Outcome
from tasks.engines.terraform import diagnostics, errors
from tasks.engines.terraform.errors import outcome

RECORDED = yaml.safe_load((Path(__file__).parent / "terraform" / "errors.yaml").read_text())


def recorded() -> Iterator[Any]:
    for expected, sources in RECORDED.items():
        for source, answers in sources.items():
            for number, answer in enumerate(answers):
                yield pytest.param(answer, Outcome(expected), id=f"{expected}-{source}-{number}")


CASES = list(recorded())
WRAP = textwrap.TextWrapper(77, break_long_words=False, break_on_hyphens=False)
"""As terraform breaks the lines of a detail where there is no terminal."""


def line(diagnostic: dict[str, Any], severity: str = "error") -> str:
    """As a command with `-json` prints it."""
    return json.dumps({"@level": "error", "type": "diagnostic", "diagnostic": {"severity": severity, **diagnostic}})


@pytest.mark.parametrize(("answer", "expected"), CASES)
def test_a_recorded_answer_is_classified(answer: dict[str, Any], expected: Outcome) -> None:
    assert outcome(diagnostics.errors(line(answer), ""), 1) is expected


@pytest.mark.parametrize(("answer", "expected"), [case for case in CASES if "address" not in case.values[0]])
def test_the_same_answer_as_text_is_classified_alike(answer: dict[str, Any], expected: Outcome) -> None:
    detail = [part for text in answer.get("detail", "").splitlines() for part in WRAP.wrap(text) or [""]]
    plain = "\n".join(["", f"Error: {answer['summary']}", "", *detail, ""])
    assert outcome(diagnostics.errors("", plain), 1) is expected


def test_one_rejection_among_lost_answers_is_a_rejection() -> None:
    lost, rejected = RECORDED["unanswered"]["aws sdk v2"][0], RECORDED["failed"]["aws sdk v2"][0]
    assert outcome(diagnostics.errors(f"{line(lost)}\n{line(rejected)}", ""), 1) is Outcome.FAILED


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('Failed to refresh state: Failed to get state: Get "http://a/s": connection refused', Outcome.UNANSWERED),
        (
            "Failed to refresh state: 2 problems:\n\n- Unsupported state file format: The state file could not be "
            "parsed as JSON: syntax error at byte offset 692.\n- Unsupported state file format: The state file "
            'does not have a "version" attribute, which is required to identify the format version.',
            Outcome.UNANSWERED,
        ),
        ("Failed to refresh destination state: HTTP error: 404", Outcome.FAILED),
    ],
)
def test_errors_of_state_commands_have_no_heading(said: str, expected: Outcome) -> None:
    found = diagnostics.errors("", f"Warning: a setting is deprecated\n\nUse another one.\n\n{said}\n")
    assert outcome(found, 1) is expected
    assert "Failed to refresh" in found[0].summary


def test_a_state_of_a_newer_format_wants_another_version() -> None:
    told = "The state file uses format version 5, which is not supported by Terraform 1.11.4."
    found = diagnostics.errors(line({"summary": "Unsupported state file format", "detail": told}), "")
    assert errors.wants_another_version(found)


@pytest.mark.parametrize("exit_code", [-9, -15, 11, 137])
def test_a_tool_that_was_killed_gave_no_answer(exit_code: int) -> None:
    rejected = line(RECORDED["failed"]["aws sdk v2"][0])
    assert outcome(diagnostics.errors(rejected, ""), exit_code) is Outcome.UNANSWERED


def test_what_fails_while_terraform_stops_is_no_rejection() -> None:
    killed = line({"summary": "local-exec provisioner error", "detail": "Error running command: signal: killed."})
    halted = line({"summary": "execution halted", "detail": ""})
    assert outcome(diagnostics.errors(f"{killed}\n{halted}", ""), 1) is Outcome.UNANSWERED


LOST, THROTTLED = RECORDED["unanswered"]["aws sdk v2"][0], RECORDED["unanswered"]["aws sdk v2"][1]
DIED, REJECTED = RECORDED["unanswered"]["plugin protocol"][1], RECORDED["failed"]["aws sdk v2"][0]


@pytest.mark.parametrize(
    ("told", "lost"),
    [
        pytest.param([{**LOST, "address": "a.b"}], {"a.b"}, id="the API failed"),
        pytest.param([{**THROTTLED, "address": "a.b"}], set(), id="it was throttled, so it was not carried out"),
        pytest.param([{**REJECTED, "address": "a.b"}], set(), id="it was rejected"),
        pytest.param([DIED], {"a.b", "a.c"}, id="a provider died, which says nothing of any object"),
        pytest.param([DIED, {**REJECTED, "address": "a.b"}], {"a.c"}, id="one was rejected before the provider died"),
        pytest.param([], {"a.b", "a.c"}, id="terraform was killed"),
    ],
)
def test_what_may_have_been_carried_out_without_an_answer(told: list[dict[str, Any]], lost: set[str]) -> None:
    found = diagnostics.errors("\n".join(map(line, told)), "")
    assert errors.lost(found, frozenset({"a.b", "a.c"})) == lost


def test_warnings_decide_nothing() -> None:
    lost = RECORDED["unanswered"]["aws sdk v2"][0]
    rejected = RECORDED["failed"]["aws sdk v2"][0]
    assert outcome(diagnostics.errors(f"{line(lost)}\n{line(rejected, 'warning')}", ""), 1) is Outcome.UNANSWERED
