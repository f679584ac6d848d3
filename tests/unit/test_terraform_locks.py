"""Locks of a terraform state that nobody holds any more: which are released, and that no other one is."""

from __future__ import annotations

import getpass
import json
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.domain.errors import Unanswered
from tasks.domain.platform import Unit
from tasks.engines.base import Workspace
from tasks.engines.terraform import locks
from tasks.engines.terraform.diagnostics import Diagnostic
from tasks.engines.terraform.execution import Execution
from tasks.engines.terraform.stale_locks import is_stale
from tasks.processes import Command, Finished, Processes
from tests.workspaces import workspace

NOW = datetime.now(UTC)
ID = "e31b082a-d2f7-f6c5-1039-f57162603e1f"
OURS = f"{getpass.getuser()}@{socket.gethostname()}"
UNIT = Unit("network", "terraform", "network", ("dev",))
PULL = ("terraform", "state", "pull")
MET, OWN = "Error acquiring the state lock", "Error releasing the state lock"


class RecordedTerraform(Processes):
    """Answers as terraform did: there is a lock, until it is released by its id."""

    def __init__(self, problem: str, who: str, created: datetime) -> None:
        super().__init__()
        self.ran: list[Command] = []
        self._locked = True
        self._diagnostic = {"severity": "error", "summary": problem, "detail": told(who, created)}

    def run(self, command: Command) -> Finished:
        self.ran.append(command)
        if command.argv[1] == "force-unlock":
            self._locked = command.argv[1:] != ("force-unlock", "-force", ID)
            return Finished(int(self._locked), "", "", 0.0)
        if not self._locked:
            return Finished(0, "{}", "", 0.0)
        return Finished(1, json.dumps({"type": "diagnostic", "diagnostic": self._diagnostic}), "", 0.0)

    @property
    def unlocked_with(self) -> list[str]:
        """The credentials of each command that released a lock."""
        return [each.variables["role"] for each in self.ran if each.argv[1] == "force-unlock"]


def told(who: str, created: datetime) -> str:
    """What terraform says about a lock, as its S3 backend gave it."""
    return (
        "Error message: operation error S3: PutObject, https response error StatusCode: 412, RequestID: 8L8R, "
        "HostID: 9G=, api error PreconditionFailed: At least one of the pre-conditions did not hold\nLock Info:\n"
        f"  ID:        {ID}\n  Path:      states/k\n  Operation: OperationTypeApply\n  Who:       {who}\n"
        f"  Version:   1.11.4\n  Created:   {created:%Y-%m-%d %H:%M:%S.%f}123 +0000 UTC\n  Info:      \n\n\n"
        "Terraform acquires a state lock to protect the state from being written\nby multiple users at the same time."
    )


def met(who: str, created: datetime) -> locks.Lock:
    """A lock that a command met."""
    found = locks.left([Diagnostic("error", MET, told(who, created))])
    assert found is not None
    return found


def initialised(folder: Path, key: str) -> None:
    """What `terraform init` leaves of a root's backend."""
    file = folder / ".terraform/terraform.tfstate"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"backend": {"type": "s3", "config": {"bucket": "states", "key": key}}}))


@pytest.fixture
def claimed(tmp_path: Path) -> Workspace:
    """A unit's workspace under a claim that is a minute old."""
    initialised(tmp_path / "network", str(tmp_path))
    since = NOW - timedelta(minutes=1)
    return workspace(
        tmp_path,
        UNIT,
        executable="terraform",
        reading=lambda: {"role": "plan"},
        writing=lambda: {"role": "apply"},
        claimed=since,
    )


@pytest.mark.parametrize("problem", [MET, OWN])
def test_a_stale_lock_is_released_by_its_id_and_the_command_is_run_again(claimed: Workspace, problem: str) -> None:
    terraform = RecordedTerraform(problem, OURS, NOW)
    assert Execution(replace(claimed, processes=terraform)).read(PULL) == "{}"
    assert [command.argv[1] for command in terraform.ran] == ["state", "force-unlock", "state"]
    assert terraform.unlocked_with == ["apply"]


@pytest.mark.parametrize(
    ("who", "created"),
    [
        (f"somebody-{OURS}", NOW),
        (f"{OURS}-2", NOW),
        ("", NOW),
        (OURS, NOW - timedelta(minutes=1, seconds=1)),
        (OURS, NOW + timedelta(hours=1)),
    ],
    ids=["another user", "another machine", "nobody named", "older than the claim", "from the future"],
)
def test_the_lock_of_anybody_else_is_left_to_a_person(claimed: Workspace, who: str, created: datetime) -> None:
    terraform = RecordedTerraform(MET, who, created)
    with pytest.raises(Unanswered, match=f"If that run is over: terraform -chdir=.* force-unlock {ID}"):
        Execution(replace(claimed, processes=terraform)).read(PULL)
    assert terraform.unlocked_with == []


def test_without_a_claim_no_lock_is_stale(claimed: Workspace) -> None:
    assert is_stale(met(OURS, NOW), claimed)
    assert not is_stale(met(OURS, NOW), replace(claimed, claimed=None))


def test_a_lock_whose_age_cannot_be_read_is_not_stale(claimed: Workspace) -> None:
    assert not is_stale(replace(met(OURS, NOW), since="Wed Nov 25 2026"), claimed)


# --- who may have made it ------------------------------------------------------------------------------------


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is called terraform and works in a root of its own."""
    tool, folder = tmp_path / "bin/terraform", tmp_path / "other"
    tool.parent.mkdir()
    folder.mkdir()
    tool.symlink_to("/bin/sleep")
    process = subprocess.Popen([tool, "600"], cwd=folder)
    yield process
    process.kill()
    process.wait()


def test_a_lock_is_not_stale_while_a_terraform_runs_that_may_have_made_it(
    claimed: Workspace, running: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    initialised(tmp_path / "other", str(tmp_path))
    lock = met(OURS, datetime.now(UTC))
    assert not is_stale(lock, claimed)
    running.kill()
    running.wait()
    assert is_stale(lock, claimed)


def test_a_terraform_at_work_on_another_state_made_another_lock(
    claimed: Workspace, running: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    initialised(tmp_path / "other", "mail")
    assert is_stale(met(OURS, datetime.now(UTC)), claimed)


def test_a_terraform_that_began_after_the_lock_did_not_make_it(
    claimed: Workspace, running: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    initialised(tmp_path / "other", str(tmp_path))
    assert is_stale(met(OURS, datetime.now(UTC) - timedelta(seconds=30)), claimed)
