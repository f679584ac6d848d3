"""What an approval binds to: a plan's digest changes with everything that the plan would do, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.plan import Action, Artifact, Change, Plan
from tasks.domain.release import Target

CHANGE = Change("aws_vpc.this", "aws_vpc", Action.UPDATE, {"cidr": "10.0.0.0/16"}, {"cidr": "10.1.0.0/16"})
PLAN = Plan(Target("a", "dev", "networking"), "terraform", (CHANGE,), "unit", "inputs")


@pytest.mark.parametrize(
    "different",
    [
        {"address": "aws_vpc.other"},
        {"kind": "aws_subnet"},
        {"action": Action.REPLACE},
        {"before": {"cidr": "10.9.0.0/16"}},
        {"after": {"cidr": "10.9.0.0/16"}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_another_change_is_another_plan(different: dict[str, Any]) -> None:
    assert replace(PLAN, changes=(replace(CHANGE, **different),)).digest != PLAN.digest


@pytest.mark.parametrize(
    "different",
    [
        {"target": Target("b", "dev", "networking")},
        {"unit_digest": "other"},
        {"inputs_digest": "other"},
        {"unknown": ("task migrate",)},
        {"changes": ()},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_another_source_or_target_is_another_plan(different: dict[str, Any]) -> None:
    assert replace(PLAN, **different).digest != PLAN.digest


@pytest.mark.parametrize(
    "different",
    [{"text": "another wording"}, {"basis": "lineage/9"}, {"artifact": Artifact(Path("/tmp/plan"), "0" * 64)}],  # noqa: S108
    ids=lambda changed: next(iter(changed)),
)
def test_the_bytes_of_a_tool_make_no_other_plan(different: dict[str, Any]) -> None:
    assert replace(PLAN, **different).digest == PLAN.digest


def test_what_is_unknown_is_not_unchanged() -> None:
    assert not replace(PLAN, changes=(), unknown=("task migrate",)).empty
