"""A tool's own validators: what a unit can set about them, and what their findings come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput, Refused
from tasks.domain.platform import Level, Unit, Validation
from tasks.engines import validation
from tasks.engines.base import Finding, Validator
from tests.platforms.workspaces import workspace

UNIT = Unit("orders", "cloudformation", "orders", ("dev",))
FOUND = (
    Finding("E1", "is wrong", "orders/template.yaml", 3),
    Finding("W1", "is odd", "orders/template.yaml", error=False),
)


def violations(
    folder: Path, *, level: Level | None = None, default: Level = Level.DENY, **ignore: str
) -> Sequence[tuple[str, bool]]:
    unit = replace(UNIT, validators={"lint": Validation(level, ignore)})
    lint = Validator(lambda _: FOUND, level=default)
    found = validation.violations(workspace(folder, unit), {"lint": lint})
    return [(each.message, each.denied) for each in found]


def test_an_error_denies_the_plan_and_says_file_line_and_rule(tmp_path: Path) -> None:
    assert violations(tmp_path) == [
        ("orders/template.yaml:3: E1: is wrong", True),
        ("orders/template.yaml: W1: is odd", False),
    ]


@pytest.mark.parametrize(
    ("level", "default", "denied"),
    [
        (None, Level.DENY, [True, False]),
        (None, Level.WARN, [False, False]),
        (Level.WARN, Level.DENY, [False, False]),
        (Level.DENY, Level.WARN, [True, False]),
        (Level.OFF, Level.DENY, []),
        (None, Level.OFF, []),
    ],
)
def test_the_level_of_a_unit_wins_over_that_of_the_validator(
    tmp_path: Path, level: Level | None, default: Level, denied: Sequence[bool]
) -> None:
    assert [found for _, found in violations(tmp_path, level=level, default=default)] == denied


def test_a_rule_that_a_unit_ignores_does_not_count(tmp_path: Path) -> None:
    assert violations(tmp_path, E1="known") == [("orders/template.yaml: W1: is odd", False)]


def test_a_validator_that_is_not_installed_is_skipped_unless_the_unit_names_it(tmp_path: Path) -> None:
    lint = {"lint": Validator(lambda _: FOUND, executable="no-such-validator")}
    assert validation.violations(workspace(tmp_path, UNIT), lint) == ()
    unit = replace(UNIT, validators={"lint": Validation()})
    with pytest.raises(InvalidInput, match=r"orders: validator lint is not installed; .*lint\.level to off"):
        validation.violations(workspace(tmp_path, unit), lint)


def test_a_validator_that_comes_to_no_result_is_not_a_pass(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    with pytest.raises(Refused, match="false of orders in dev: it came to no result"):
        validation.run(workspace(tmp_path, UNIT), ["false"], good=(0,))


def test_a_result_that_cannot_be_read_is_not_a_pass(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    finished = validation.run(workspace(tmp_path, UNIT), ["echo", "usage: lint"], good=(0,))
    with pytest.raises(Refused, match="echo: its result cannot be read; it printed: usage: lint"):
        validation.parsed(finished, "echo")
