"""A state that is not the one that was applied is refused: none, another, an older one, or another environment's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import Refused, Unanswered
from tasks.domain.outcome import Applied
from tasks.domain.release import Receipt, Target
from tasks.engines.base import Workspace
from tasks.engines.terraform.engine import Terraform
from tests.platforms.terraform_roots import EXECUTABLE, PAINT, TOOL, Root, applied, planned


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def received(result: Applied, environment: str = "dev") -> Receipt:
    return Receipt(
        "dev/7", Target("r0", environment, "first"), "", "", "", result.outputs, "2026-01-01", result.details
    )


def next_release(root: Root, result: Applied) -> Workspace:
    """The next release's workspace, which knows what was applied."""
    return replace(root.painted("green"), receipt=received(result))


def test_a_receipt_says_where_the_state_is_and_which_it_is(root: Root) -> None:
    details = applied(root.painted("blue")).details
    assert details == {
        "state": str(root.state_file),
        "workspace": "default",
        "lineage": root.state["lineage"],
        "serial": root.state["serial"],
        "tool": f"{TOOL} {root.state['terraform_version']}",
    }


def test_the_same_state_is_planned_from(root: Root) -> None:
    plan = planned(next_release(root, applied(root.painted("blue"))))
    assert [change.address for change in plan.changes] == ["terraform_data.paint"]
    assert plan.warnings == ()


def test_a_state_that_is_gone_is_refused(root: Root) -> None:
    result = applied(root.painted("blue"))
    serial = root.state["serial"]
    root.state_file.unlink()
    with pytest.raises(
        Refused, match=rf"there is no state in .*, but dev/7 left one \(lineage .*, serial {serial}\): restore"
    ):
        planned(next_release(root, result))


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"lineage": "another"}, r"is another one \(lineage another\) than dev/7 left"),
        ({"serial": 0}, r"is older \(serial 0\) than dev/7 left it"),
    ],
)
def test_another_state_is_refused(root: Root, state: Mapping[str, Any], told: str) -> None:
    result = applied(root.painted("blue"))
    root.state_file.write_text(json.dumps({**root.state, **state}))
    engine = Terraform(next_release(root, result))
    for read in (lambda: engine.plan(engine.workspace.inputs), lambda: engine.detect_drift(received(result))):
        with pytest.raises(Refused, match=told):
            read()


def test_a_state_that_was_moved_is_the_same_and_told(root: Root) -> None:
    result = applied(root.painted("blue"))
    moved = replace(result, details={**result.details, "state": "s3://old/key"})
    plan = planned(next_release(root, moved))
    assert plan.warnings == (f"the state was in s3://old/key, and is in {root.state_file} now",)


def test_another_version_of_the_tool_is_told(root: Root) -> None:
    result = applied(root.painted("blue"))
    older = replace(result, details={**result.details, "tool": f"{TOOL} 1.9.0"})
    plan = planned(next_release(root, older))
    assert plan.warnings == (f"applied by {TOOL} 1.9.0 before, planned by {result.details['tool']} now",)


def test_the_state_of_another_environment_is_refused(root: Root) -> None:
    result = applied(root.painted("blue"))
    workspace = replace(root.painted("green"), elsewhere=lambda: (received(result, "production"),))
    with pytest.raises(Refused, match="is that of first in production; give each its own"):
        planned(replace(workspace, environments={"dev": (), "production": ("dev",)}))
    assert planned(replace(workspace, environments={"dev": (), "live": ("dev",)})).changes


def test_a_state_that_cannot_be_read_after_an_apply_is_no_rejection(root: Root) -> None:
    workspace = root.painted("blue")
    plan = planned(workspace)
    binary = root.folder / TOOL
    binary.write_text('#!/bin/sh\ncase "$1 $2" in "state pull") test ! -e applied || exit 1;; esac\n')
    binary.write_text(f'{binary.read_text()}test "$1" != apply || touch applied\nexec {EXECUTABLE} "$@"\n')
    binary.chmod(0o755)
    with pytest.raises(Unanswered, match="applied, but its state cannot be read"):
        Terraform(replace(workspace, executable=str(binary))).apply(plan)


@pytest.mark.parametrize(
    ("backend", "told"),
    [
        ("", "terraform/dev/first: it has no backend, so its state would be lost"),
        (
            'terraform {{\n  backend "local" {{ path = "x" }}\n}}\n',
            "has the relative path x, in the temporary checkout",
        ),
    ],
)
def test_a_state_that_would_be_lost_is_refused_before_anything_is_planned(
    root: Root, backend: str, told: str
) -> None:
    with pytest.raises(Refused, match=told):
        planned(root.release(PAINT.format(colour="blue"), backend=backend))
