"""The terraform engine with the real terraform: saved plans, applied exactly, refused when they are stale."""

import json
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deployments.sandbox import Sandbox
from tasks import processes
from tasks.domain.errors import Refused, StalePlan, Unanswered
from tasks.domain.outcome import Applied, Outcome
from tasks.domain.plan import Plan
from tasks.domain.release import Inputs
from tasks.engines.terraform import commands as commands
from tasks.promotion import environment_run as stages
from tasks.promotion.environment_run import EnvironmentRun
from tests.mini import MiniPlatform

SLOW = 'resource "terraform_data" "slow" {\n  provisioner "local-exec" { command = "sleep 60" }\n}\n'


@pytest.fixture
def mini(tmp_path: Path, operator: Sandbox) -> MiniPlatform:
    return MiniPlatform(tmp_path)


@pytest.fixture
def run(mini: MiniPlatform) -> Iterator[EnvironmentRun]:
    with stages.opened(mini.settings, mini.release().id, "dev", "run") as made:
        yield made


def planned(run: EnvironmentRun, unit: str = "first") -> Plan:
    return run.engine(unit).plan(run.target(unit), Inputs())


def applied(run: EnvironmentRun, plan: Plan) -> Applied:
    return run.engine(plan.target.unit).apply(plan)


def test_a_plan_is_data_and_a_file_that_only_its_owner_reads(run: EnvironmentRun) -> None:
    plan = planned(run)
    assert [change.address for change in plan.changes] == ["terraform_data.paint"]
    assert "terraform_data.paint will be created" in plan.text
    assert plan.artifact is not None
    assert stat.S_IMODE(plan.artifact.path.stat().st_mode) == 0o600


def test_apply_gives_the_outputs_and_then_a_plan_is_empty(run: EnvironmentRun) -> None:
    assert applied(run, planned(run)) == Applied(Outcome.SUCCEEDED, {"colour": "blue"})
    assert planned(run).empty
    assert run.engine("first").verify(run.target("first")) is Outcome.SUCCEEDED


def test_another_plan_file_than_the_planned_one_is_refused(run: EnvironmentRun, mini: MiniPlatform) -> None:
    plan = planned(run)
    assert plan.artifact is not None
    plan.artifact.path.write_bytes(plan.artifact.path.read_bytes() + b"x")
    with pytest.raises(StalePlan, match="not the one that was planned"):
        applied(run, plan)
    assert not (mini.state / "dev-first.tfstate").exists()


def test_a_first_plan_is_not_applied_twice(run: EnvironmentRun) -> None:
    plan = planned(run)
    applied(run, plan)
    with pytest.raises(StalePlan, match="planned from state none"):
        applied(run, plan)


def test_a_plan_is_refused_when_the_state_has_moved_on(run: EnvironmentRun, mini: MiniPlatform) -> None:
    applied(run, planned(run))
    plan = planned(run)
    state = mini.state / "dev-first.tfstate"
    moved = json.loads(state.read_text())
    state.write_text(json.dumps({**moved, "serial": moved["serial"] + 1}))
    with pytest.raises(StalePlan, match="plan again"):
        applied(run, plan)


def test_code_that_terraform_refuses_is_a_no(mini: MiniPlatform) -> None:
    mini.append("terraform/dev/first/main.tf", 'output "wrong" { value = terraform_data.nothing.id }\n')
    with stages.opened(mini.settings, mini.release().id, "dev", "run") as run:
        with pytest.raises(Refused, match=r"terraform plan of first in dev: Error: Reference to undeclared resource"):
            planned(run)


def test_a_failed_apply_says_why_and_keeps_what_was_done_in_the_state(mini: MiniPlatform) -> None:
    broken = 'resource "terraform_data" "broken" {\n  provisioner "local-exec" { command = "exit 9" }\n}\n'
    mini.append("terraform/dev/first/main.tf", broken)
    with stages.opened(mini.settings, mini.release().id, "dev", "run") as run:
        result = applied(run, planned(run))
    assert result.outcome is Outcome.FAILED
    assert "exit status 9" in result.detail
    state = json.loads((mini.state / "dev-first.tfstate").read_text())
    assert {resource["name"] for resource in state["resources"]} == {"paint", "broken"}


def test_a_state_that_could_not_be_saved_is_pushed_afterwards(run: EnvironmentRun, mini: MiniPlatform) -> None:
    plan = planned(run)
    applied(run, plan)
    saved = json.loads((mini.state / "dev-first.tfstate").read_text())
    workspace = run.workspace(plan.target)
    lost = {**saved, "serial": saved["serial"] + 1}
    (workspace.folder / "errored.tfstate").write_text(json.dumps(lost))
    again = planned(run)
    assert again.artifact is not None
    again.artifact.path.write_bytes(b"no plan")
    failing = Plan(**{**vars(again), "artifact": type(again.artifact)(again.artifact.path, _sha256(b"no plan"))})
    result = applied(run, failing)
    assert "was pushed afterwards" in result.detail
    assert json.loads((mini.state / "dev-first.tfstate").read_text())["serial"] == lost["serial"]


def test_the_time_limit_interrupts_terraform_which_saves_its_state(mini: MiniPlatform) -> None:
    mini.append("terraform/dev/first/main.tf", SLOW)
    text = (mini.repository / "infrastructure/platform.yaml").read_text()
    mini.write("platform.yaml", text.replace("    engine: terraform", "    engine: terraform\n    time_limit: 3s", 1))
    with stages.opened(mini.settings, mini.release().id, "dev", "run") as run:
        result = applied(run, planned(run))
    assert result.outcome is Outcome.UNANSWERED
    assert "time limit of 3 s" in result.detail
    state = json.loads((mini.state / "dev-first.tfstate").read_text())
    assert "paint" in {resource["name"] for resource in state["resources"]}


def test_cancelling_interrupts_the_apply_and_leaves_no_process(mini: MiniPlatform) -> None:
    mini.append("terraform/dev/first/main.tf", SLOW)
    with stages.opened(mini.settings, mini.release().id, "dev", "run") as run:
        plan = planned(run)
        results: list[Applied] = []
        applying = threading.Thread(target=lambda: results.append(applied(run, plan)))
        applying.start()
        terraform = _wait_for_child("terraform")
        run.processes.stop_all()
        applying.join()
        processes.start_again()
    assert not terraform.is_running()
    assert results[0].outcome is Outcome.FAILED
    assert "paint" in (mini.state / "dev-first.tfstate").read_text()


def test_without_a_previous_receipt_a_rollback_removes_everything(run: EnvironmentRun, mini: MiniPlatform) -> None:
    applied(run, planned(run))
    engine = run.engine("first")
    plan = engine.plan_rollback(run.target("first"), None)
    assert [change.action.value for change in plan.changes] == ["delete"]
    engine.apply(plan)
    assert json.loads((mini.state / "dev-first.tfstate").read_text())["resources"] == []


def test_a_backend_that_does_not_answer_is_no_answer(mini: MiniPlatform) -> None:
    remote = 'backend "http" { address = "http://127.0.0.1:1/state" }'
    file = mini.repository / "infrastructure/terraform/dev/first/main.tf"
    local = f'backend "local" {{ path = "{mini.state}/dev-first.tfstate" }}'
    file.write_text(file.read_text().replace(local, remote))
    with stages.opened(mini.settings, mini.release().id, "dev", "run") as run:
        with pytest.raises(Unanswered, match="connection refused"):
            planned(run)


def test_every_command_is_a_list_that_terraform_understands() -> None:
    reading = (commands.init, commands.validate, commands.plan, commands.show, commands.output, commands.state_pull)
    builders = (*reading, commands.apply)
    for command in builders:
        argv = command("terraform")
        options = [word.split("=")[0] for word in argv if word.startswith("-")]
        told = subprocess.run([*argv[:2], *argv[2:3][: argv[1] == "state"], "-help"], capture_output=True, text=True)
        assert all(option in told.stdout for option in options), (argv, told.stdout)


def _wait_for_child(name: str) -> psutil.Process:
    while True:
        for child in psutil.Process().children(recursive=True):
            if child.name() == "sleep":
                return child.parents()[1] if name == "terraform" else child
        time.sleep(0.05)


def _sha256(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()
