"""Locks of a terraform state that nobody holds any more: which are released, and that no other one is."""

from __future__ import annotations

import getpass
import hashlib
import json
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.domain.errors import Unanswered
from tasks.domain.events.claims import EndedHolder
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Plan
from tasks.domain.platform import Unit
from tasks.domain.release import Receipt
from tasks.engines import sealed
from tasks.engines.base import Workspace
from tasks.engines.terraform import locks
from tasks.engines.terraform.diagnostics import Diagnostic
from tasks.engines.terraform.engine import Terraform
from tasks.engines.terraform.execution import Execution
from tasks.engines.terraform.locks import Lock
from tasks.engines.terraform.stale_locks import is_stale, makers
from tasks.processes import Command, Finished, Processes
from tests.platforms.workspaces import workspace

NOW = datetime.now(UTC)
ID = "e31b082a-d2f7-f6c5-1039-f57162603e1f"
OURS = f"{getpass.getuser()}@{socket.gethostname()}"
UNIT = Unit("network", "terraform", "network", ("dev",))
PULL = ("terraform", "state", "pull")
MET, OWN = "Error acquiring the state lock", "Error releasing the state lock"


class RecordedTerraform(Processes):
    """Answers as terraform did: there is a lock, until it is released by its id.

    Attributes:
        ran: the commands that were run.
        answers: {subcommand: what it prints, lock or no lock}.
    """

    def __init__(self, problem: str, who: str, created: datetime) -> None:
        super().__init__()
        self.ran: list[Command] = []
        self.answers: dict[str, str] = {}
        self._locked = True
        self._problem = problem
        self._diagnostic = {"severity": "error", "summary": problem, "detail": told(who, created)}

    def run(self, command: Command) -> Finished:
        self.ran.append(command)
        if command.argv[1] == "force-unlock":
            self._locked = command.argv[1:] != ("force-unlock", "-force", ID)
            return Finished(int(self._locked), "", "", 0.0)
        if command.argv[1] in self.answers:
            return Finished(0, self.answers[command.argv[1]], "", 0.0)
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


THEIRS = "flowmart@worker-1"


@pytest.mark.parametrize(
    ("who", "created", "stale"),
    [
        (THEIRS, NOW - timedelta(seconds=30), True),
        (THEIRS, NOW - timedelta(minutes=2), False),
        (THEIRS, NOW - timedelta(seconds=10), False),
        ("ada@worker-1", NOW - timedelta(seconds=30), False),
        ("flowmart@worker-2", NOW - timedelta(seconds=30), False),
    ],
    ids=["theirs", "older than the claim", "made later", "another user", "another machine"],
)
def test_a_lock_of_another_machine_is_stale_once_a_person_said_that_its_run_is_over(
    claimed: Workspace, who: str, created: datetime, stale: bool
) -> None:
    lock, said = met(who, created), NOW - timedelta(seconds=20)
    assert not is_stale(lock, claimed)
    ended = replace(claimed, ended=(EndedHolder("flowmart", "worker-1", said.isoformat()),))
    assert is_stale(lock, ended) is stale


def test_nobody_is_taken_for_a_holder_without_a_name(claimed: Workspace) -> None:
    ended = replace(claimed, ended=(EndedHolder("", "worker-1", datetime.now(UTC).isoformat()),))
    assert not is_stale(met("@worker-1", NOW), ended)


@pytest.mark.parametrize("digits", ["", ".1", ".136941595"])
def test_the_time_of_a_lock_is_read_however_many_digits_it_has(digits: str) -> None:
    lock = locks.Lock(ID, OURS, "apply", f"2026-11-25 18:41:10{digits} +0000 UTC")
    assert lock.created == datetime.fromisoformat(f"2026-11-25T18:41:10{digits[:7]}+00:00")


def test_a_lock_whose_age_cannot_be_read_is_not_stale(claimed: Workspace) -> None:
    assert not is_stale(replace(met(OURS, NOW), since="Wed Nov 25 2026"), claimed)


def test_an_apply_that_met_a_stale_lock_changed_nothing_and_releases_it(claimed: Workspace) -> None:
    terraform = RecordedTerraform(MET, OURS, NOW)
    plan_file = claimed.folder / "flowmart.tfplan"
    plan_file.touch()
    plan = Plan(claimed.target, "terraform", (), "", "", artifact=sealed.seal(plan_file))
    terraform.answers["state"] = "{}"
    applied = Terraform(replace(claimed, processes=terraform)).apply(plan)
    assert applied.outcome is Outcome.UNANSWERED
    assert applied.detail == "nothing was applied\nthe state had a stale lock, which is released now"
    assert [command.argv[1] for command in terraform.ran] == ["state", "apply", "force-unlock"]


# --- a refresh under a lock ----------------------------------------------------------------------------------


class SettlingTerraform(RecordedTerraform):
    """Finds one object refreshed, until an apply has written that into the state."""

    refreshed = False

    def run(self, command: Command) -> Finished:
        verb = command.argv[1]
        if verb in ("force-unlock", "apply"):
            finished = super().run(command)
            self.refreshed |= verb == "apply" and (finished.exit_code == 0 or self._problem == OWN)
            return finished
        if verb == "plan":
            out = next(word for word in command.argv if word.startswith("-out=")).removeprefix("-out=")
            (command.cwd / out).touch()
        return Finished(
            0, json.dumps({"format_version": "1.2", **self._document}) if verb == "show" else "{}", "", 0.0
        )

    @property
    def _document(self) -> dict[str, object]:
        change = {"actions": ["update"], "before": {"tags": None}, "after": {"tags": {}}}
        found = {
            "address": "a.b",
            "type": "a",
            "name": "b",
            "provider_name": "p",
            "mode": "managed",
            "change": change,
        }
        return {"resource_drift": [] if self.refreshed else [found]}


@pytest.mark.parametrize("problem", [MET, OWN])
def test_settling_writes_the_refresh_and_leaves_no_lock(claimed: Workspace, problem: str) -> None:
    terraform = SettlingTerraform(problem, OURS, NOW)
    settling = replace(claimed, processes=terraform)
    (claimed.folder / ".terraform/flowmart-initialised").write_text(hashlib.sha256(b"").hexdigest())
    assert Terraform(settling).settle(Receipt("x", settling.target, "", "", "", {}, "")) == ()
    assert terraform.refreshed
    assert terraform.unlocked_with == ["apply"]


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


def is_maker(process: subprocess.Popen[bytes], lock: Lock, workspace: Workspace) -> bool:
    """Whether this process may have made a lock; others on the machine come and go."""
    assert lock.created
    return process.pid in [each.pid for each in makers(lock.created, workspace)]


def test_a_lock_is_not_stale_while_a_terraform_runs_that_may_have_made_it(
    claimed: Workspace, running: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    initialised(tmp_path / "other", str(tmp_path))
    lock = met(OURS, datetime.now(UTC))
    assert not is_stale(lock, claimed)
    assert is_maker(running, lock, claimed)
    running.kill()
    running.wait()
    assert not is_maker(running, lock, claimed)


def test_a_terraform_at_work_on_another_state_made_another_lock(
    claimed: Workspace, running: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    initialised(tmp_path / "other", "mail")
    assert not is_maker(running, met(OURS, datetime.now(UTC)), claimed)


def test_a_terraform_that_began_after_the_lock_did_not_make_it(
    claimed: Workspace, running: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    initialised(tmp_path / "other", str(tmp_path))
    assert not is_maker(running, met(OURS, datetime.now(UTC) - timedelta(seconds=30)), claimed)
