"""Which modules a root calls, through its local ones: those from elsewhere, and those that variables choose."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.domain.platform import Unit
from tasks.engines.base import Workspace
from tasks.engines.terraform import vendored, vendoring
from tasks.engines.terraform.execution import Execution
from tasks.engines.terraform.preparation import Preparation
from tests.platforms.workspaces import workspace


@pytest.fixture
def unit(tmp_path: Path) -> Workspace:
    for folder, source in (("app", "../near"), ("near", "./inner"), ("near/inner", "")):
        (tmp_path / folder).mkdir()
        call = f'module "m" {{ source = "{source}" }}\n' if source else ""
        (tmp_path / folder / "main.tf").write_text(call)
    return workspace(tmp_path, Unit("app", "terraform", "app", ("dev",)))


def calls(unit: Workspace, source: str) -> None:
    """Let the innermost module call one more."""
    (unit.infrastructure / "near/inner/main.tf").write_text(f'module "far" {{ source = "{source}" }}\n')


@pytest.mark.parametrize(
    ("source", "remote", "variable", "needs_inputs"),
    [
        ("git::https://git.example/m.git?ref=v1", ("far (git::https://git.example/m.git?ref=v1)",), (), False),
        (
            "git::https://git.example/m.git?ref=${var.ref}",
            (),
            ("far (git::https://git.example/m.git?ref=${var.ref})",),
            True,
        ),
        ("${var.module}", (), ("far (${var.module})",), True),
        ("./${var.module}", (), (), True),
        ("../inner", (), (), False),
    ],
)
def test_what_the_innermost_module_calls_counts_for_the_root(
    unit: Workspace, source: str, remote: tuple[str, ...], variable: tuple[str, ...], needs_inputs: bool
) -> None:
    calls(unit, source)
    assert vendoring.remote(unit.folder, unit.infrastructure) == remote
    assert vendoring.variable(unit.folder, unit.infrastructure) == variable
    assert Preparation(unit, Execution(unit)).needs_inputs is needs_inputs


def test_a_module_that_variables_choose_is_told_though_the_others_are_in_the_release(unit: Workspace) -> None:
    calls(unit, "git::https://git.example/m.git?ref=${var.ref}")
    record = vendored.record_of(unit.infrastructure, unit.unit.source)
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    told = (
        "not in the release, fetched anew for each environment: far (git::https://git.example/m.git?ref=${var.ref})"
    )
    assert vendoring.warnings(unit) == (told,)
