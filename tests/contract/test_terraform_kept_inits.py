"""What an init made is used by the next run of the same content, and by no other one."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.domain.platform import Unit
from tasks.domain.release import Inputs
from tasks.engines.base import Workspace
from tasks.engines.terraform.engine import Terraform
from tasks.processes import Command, Finished, Processes
from tasks.run_folder import kept_folder
from tests.peers.tofu import given
from tests.platforms.workspaces import DEV, workspace

ROOT = """
terraform {{
  backend "local" {{ path = "{state}" }}
}}
resource "terraform_data" "it" {{ input = "{colour}" }}
"""


class Noted(Processes):
    """Runs what it is given, and notes which of terraform's commands that were."""

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[str] = []

    def run(self, command: Command) -> Finished:
        self.commands.append(command.argv[1])
        return super().run(command)


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Inits are kept here."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return kept_folder("inits")


def planned(folder: Path, colour: str = "blue", **more: object) -> list[str]:
    """The commands of a plan in a checkout that is made anew in the same place."""
    shutil.rmtree(folder / "app", ignore_errors=True)
    (folder / "app").mkdir()
    (folder / "app/main.tf").write_text(ROOT.format(state=folder / "state", colour=colour))
    noted = Noted()
    where: Workspace = workspace(folder, Unit("app", "terraform", "app", ("dev",)), executable=given(), **more)
    Terraform(replace(where, processes=noted)).plan(Inputs())
    return noted.commands


def test_the_same_content_is_initialised_once(tmp_path: Path) -> None:
    assert planned(tmp_path)[0] == "init"
    assert "init" not in planned(tmp_path)


def test_other_content_and_another_environment_are_initialised_again(tmp_path: Path) -> None:
    planned(tmp_path)
    assert "init" in planned(tmp_path, colour="green")
    assert "init" in planned(tmp_path, environment=replace(DEV, name="staging"))


def test_what_leads_nowhere_any_more_is_not_used(tmp_path: Path, kept: Path) -> None:
    planned(tmp_path)
    (place,) = kept.iterdir()
    (place / "data/provider").symlink_to(tmp_path / "a mirror that is gone")
    assert "init" in planned(tmp_path)
    assert "init" not in planned(tmp_path)


def test_an_old_result_is_replaced_by_the_init_that_could_not_use_it(tmp_path: Path, kept: Path) -> None:
    planned(tmp_path)
    (place,) = kept.iterdir()
    os.utime(place, (0, 0))
    assert "init" in planned(tmp_path)
    assert "init" not in planned(tmp_path)


def test_old_results_are_removed_but_not_looked_for_after_every_init(tmp_path: Path, kept: Path) -> None:
    (kept / "old").mkdir()
    os.utime(kept / "old", (0, 0))
    planned(tmp_path)
    assert (kept / "old").exists()
    os.utime(kept_folder("inits-checked"), (0, 0))
    planned(tmp_path, colour="green")
    assert not (kept / "old").exists()
    assert len([*kept.iterdir()]) == 2


def test_nothing_is_kept_where_the_backend_is_given_settings(tmp_path: Path, kept: Path) -> None:
    unit = Unit("app", "terraform", "app", ("dev",), options={"backend_config": ({"path": str(tmp_path / "own")},)})
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "main.tf").write_text(ROOT.format(state=tmp_path / "state", colour="blue"))
    Terraform(workspace(tmp_path, unit, executable=given())).plan(Inputs())
    assert [*kept.iterdir()] == []
