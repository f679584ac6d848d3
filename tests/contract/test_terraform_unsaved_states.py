"""What an apply did is saved later, or a person is told where it is: it is never done a second time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.domain.errors import Unanswered
from tasks.domain.outcome import Applied, Outcome, Progress
from tasks.domain.plan import Plan
from tasks.engines.base import Workspace
from tasks.engines.terraform.engine import Terraform
from tests.platforms.terraform_roots import PAINT, Root, applied, planned, receipt
from tests.servers import state_server
from tests.servers.state_server import StateServer


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where FlowMart is started: states that could not be saved are kept below it."""
    made = tmp_path / "started"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def server() -> Iterator[StateServer]:
    with state_server.served() as running:
        yield running


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def painted(root: Root, server: StateServer, colour: str) -> Workspace:
    return root.release(PAINT.format(colour=colour), backend=server.backend)


def unsaved(root: Root, server: StateServer) -> tuple[Workspace, Plan, Applied]:
    """A first apply while the server's disk is full."""
    workspace = painted(root, server, "blue")
    plan = planned(workspace)
    server.full = True
    return workspace, plan, Terraform(workspace).apply(plan)


def kept(folder: Path) -> list[Path]:
    return list((folder / ".flowmart").glob("errored-*.tfstate"))


def test_what_was_not_saved_is_no_rejection_and_its_file_is_named(
    root: Root, server: StateServer, folder: Path
) -> None:
    _, _, result = unsaved(root, server)
    (file,) = kept(folder)
    assert (result.outcome, result.unsaved) == (Outcome.UNANSWERED, True)
    assert f"It is kept in {file}: push it first." in result.detail


def test_it_is_observed_as_done_once_it_can_be_saved(root: Root, server: StateServer, folder: Path) -> None:
    workspace, plan, _ = unsaved(root, server)
    with pytest.raises(Unanswered, match=r"lacks what an apply did, which .*\.tfstate holds"):
        Terraform(workspace).observe(plan)
    server.full = False
    seen = Terraform(workspace).observe(plan)
    assert (seen.progress, seen.outputs) == (Progress.DONE, {"colour": "blue"})
    assert kept(folder) == []


def test_no_other_run_on_the_machine_plans_to_create_it_again(root: Root, server: StateServer, folder: Path) -> None:
    unsaved(root, server)
    server.full = False
    (file,) = kept(folder)
    with pytest.raises(Unanswered, match=f"which {file} holds: push it"):
        planned(painted(root, server, "blue"))
    server.state = file.read_bytes()
    assert planned(painted(root, server, "blue")).empty


def test_a_rollback_saves_it_first_and_removes_it(root: Root, server: StateServer) -> None:
    workspace, plan, _ = unsaved(root, server)
    server.full = False
    back = Terraform(workspace).plan_rollback(workspace, None)
    assert back is not None
    assert back.removed == plan.created
    assert Terraform(workspace).apply(back).outcome is Outcome.SUCCEEDED
    assert json.loads(server.state)["resources"] == []


def test_a_state_whose_write_was_cut_off_is_no_rejection(root: Root, server: StateServer) -> None:
    first = painted(root, server, "blue")
    applied(first)
    workspace = replace(painted(root, server, "green"), receipt=receipt(first))
    plan = planned(workspace)
    server.full, server.cut = True, 300
    assert Terraform(workspace).apply(plan).outcome is Outcome.UNANSWERED
    with pytest.raises(Unanswered, match="Restore an earlier version of the state from the backend"):
        Terraform(workspace).observe(plan)
