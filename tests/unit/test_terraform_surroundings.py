"""Which CLI configuration file terraform is pointed at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tasks.domain.platform import Unit
from tasks.engines.terraform.execution import Execution
from tasks.processes import Command, Finished, Processes
from tests.platforms.workspaces import workspace

UNIT = Unit("network", "terraform", "network", ("dev",))
NAME = "TF_CLI_CONFIG_FILE"


class Recorded(Processes):
    """Keeps the variables of what is run."""

    def run(self, command: Command) -> Finished:
        self.given: Mapping[str, str] = command.variables
        return Finished(0, "{}", "", 0.0)


@pytest.fixture
def file(tmp_path: Path) -> str:
    made = tmp_path / "mirror.tfrc"
    made.touch()
    return str(made)


def configured(folder: Path, inherited: Mapping[str, str], given: Mapping[str, str]) -> str | None:
    """What terraform is told; None when nothing is said, so that the inherited value counts."""
    processes = Recorded()
    processes.environment = dict(inherited)
    Execution(workspace(folder, UNIT, executable="terraform", processes=processes, reading=lambda: given)).state()
    return processes.given.get(NAME)


def test_a_file_that_is_named_for_the_environment_counts_though_the_machines_own_is_gone(
    tmp_path: Path, file: str
) -> None:
    assert configured(tmp_path, {NAME: "/nowhere/.terraformrc"}, {NAME: file}) == file


def test_a_file_that_does_not_exist_counts_as_none(tmp_path: Path) -> None:
    assert configured(tmp_path, {NAME: "/nowhere/.terraformrc"}, {}) == ""


def test_the_machines_own_file_counts_where_nothing_else_is_named(tmp_path: Path, file: str) -> None:
    assert configured(tmp_path, {NAME: file}, {}) is None
