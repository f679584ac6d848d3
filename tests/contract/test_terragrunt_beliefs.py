"""What must not be believed of Terragrunt: each of these fails if it is, with the real binary."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import Refused, Unanswered, Unequipped
from tasks.domain.outcome import Applied, Outcome
from tasks.domain.plan import Plan
from tasks.domain.platform import Environment, Unit
from tasks.domain.release import Inputs, Receipt, Target
from tasks.engines.base import Workspace
from tasks.engines.terragrunt.engine import Terragrunt
from tests.peers.terragrunts import PROGRAM
from tests.platforms.workspaces import workspace

STATE = """
remote_state {
  backend  = "local"
  generate = { path = "backend.tf", if_exists = "overwrite" }
  config   = { path = "STATE" }
}
"""
UNREACHABLE = """
remote_state {
  backend  = "s3"
  generate = { path = "backend.tf", if_exists = "overwrite" }
  config = {
    bucket                      = "states"
    key                         = "network.tfstate"
    region                      = "eu-west-1"
    access_key                  = "x"
    secret_key                  = "x"
    endpoints                   = { s3 = "http://127.0.0.1:9" }
    max_retries                 = 1
    use_path_style              = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
  }
}
"""
SOURCE = """
terraform {
  source = "./module"
}
"""
ON_APPLY = """
terraform {
  source = "./module"
  before_hook "told" {
    commands = ["apply"]
    execute  = ["true"]
  }
}
errors {
  ignore "everything" {
    ignorable_errors = [".*"]
  }
}
"""
HOOK = """
terraform {
  source = "./module"
  before_hook "failing" {
    commands = ["plan"]
    execute  = ["sh", "-c", "exit 2"]
  }
}
"""
DEPENDENCY = """
dependency "network" {
  config_path  = "../network"
  mock_outputs = { id = "mock", zone = "mock" }
  MORE
}
inputs = { network = "${dependency.network.outputs.id}" }
"""
MODULE = """
variable "network" { default = "none" }
resource "terraform_data" "it" { input = var.network }
output "id" { value = terraform_data.it.output }
"""
FAILING = """
resource "terraform_data" "it" {
  provisioner "local-exec" { command = "exit 1" }
}
"""
SLOW = """
resource "terraform_data" "it" {
  provisioner "local-exec" { command = "touch BEGUN && sleep 600" }
}
"""


class Places:
    """Two units of one environment, `network` and `app`, in a checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("network", STATE + SOURCE, MODULE)

    def write(self, unit: str, configuration: str, module: str, state: str = "") -> None:
        place = self.folder / "infrastructure" / unit
        (place / "module").mkdir(parents=True, exist_ok=True)
        text = configuration.replace("STATE", state or str(self.folder / f"{unit}.tfstate"))
        (place / "terragrunt.hcl").write_text(text)
        (place / "module/main.tf").write_text(module)

    def workspace(self, unit: str, **more: Any) -> Workspace:
        declared = Unit(unit, "terragrunt", unit, ("dev",), time_limit=120.0)
        others = [Unit(name, "terragrunt", name, ("dev",)) for name in ("network", "app") if name != unit]
        known = {"executable": PROGRAM, "beside": "terraform", "neighbours": lambda: others, **more}
        return workspace(self.folder / "infrastructure", declared, Environment("dev"), **known)

    def engine(self, unit: str, **more: Any) -> Terragrunt:
        return Terragrunt(self.workspace(unit, **more))

    def applied(self, unit: str, **more: Any) -> tuple[Plan, Applied]:
        plan = self.engine(unit, **more).plan(Inputs())
        return plan, self.engine(unit, **more).apply(plan)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path)


def receipt(plan: Plan, applied: Applied) -> Receipt:
    return Receipt("dev/1", Target("one", "dev", "app"), "", "", plan.digest, applied.outputs, "", applied.details)


def test_a_plan_with_mocks_is_not_made(places: Places) -> None:
    places.write("app", STATE + SOURCE + DEPENDENCY.replace("MORE", ""), MODULE)
    with pytest.raises(Refused, match="app: would be planned with mocks of network's id, zone, which are not there"):
        places.engine("app").plan(Inputs())


def test_a_plan_that_was_refused_for_mocks_is_made_of_real_outputs_once_they_are_there(places: Places) -> None:
    places.write("app", STATE + SOURCE + DEPENDENCY.replace("MORE", ""), MODULE)
    with pytest.raises(Refused, match="would be planned with mocks"):
        places.engine("app").plan(Inputs())
    places.applied("network")
    plan = places.engine("app").plan(Inputs())
    assert [change.after["input"] for change in plan.changes] == ["none"]


@pytest.mark.parametrize("strategy", ["shallow", "deep_map_only"])
def test_a_plan_with_one_mock_among_real_outputs_is_not_made(places: Places, strategy: str) -> None:
    more = f'mock_outputs_merge_strategy_with_state = "{strategy}"'
    places.write("app", STATE + SOURCE + DEPENDENCY.replace("MORE", more), MODULE)
    places.applied("network")
    with pytest.raises(Refused, match="would be planned with mocks of network's zone"):
        places.engine("app").plan(Inputs(upstream={"network": {"id": "none"}}))
    with pytest.raises(Refused, match="would be planned with mocks of network's zone"):
        places.engine("app").plan(Inputs())


@pytest.mark.parametrize(
    ("source", "mocks", "told"),
    [
        pytest.param(SOURCE, True, r"127.0.0.1:9.*connection refused", id="mocks"),
        pytest.param(SOURCE, False, r"127.0.0.1:9.*connection refused", id="no-mocks"),
        pytest.param(HOOK.replace("exit 2", "exit 0"), False, "Backend initialization required", id="hooks"),
    ],
)
def test_a_state_of_a_dependency_that_cannot_be_reached_is_no_rejection(
    places: Places, source: str, mocks: bool, told: str
) -> None:
    depending = DEPENDENCY if mocks else DEPENDENCY.replace("mock_outputs", "# mock_outputs")
    places.write("network", UNREACHABLE + SOURCE, MODULE)
    places.write("app", STATE + source + depending.replace("MORE", ""), MODULE)
    with pytest.raises(Unanswered, match=f"(?s)app in dev: Error: .*{told}"):
        places.engine("app").plan(Inputs())


def test_real_outputs_are_planned_with_though_there_are_mocks(places: Places) -> None:
    places.write("app", STATE + SOURCE + DEPENDENCY.replace("MORE", ""), MODULE)
    places.applied("network")
    plan = places.engine("app").plan(Inputs())
    assert [change.after["input"] for change in plan.changes] == ["none"]


@pytest.mark.parametrize("around", [False, True], ids=["by-itself", "with-hooks"])
def test_an_error_that_terragrunt_ignores_is_a_failed_apply(places: Places, around: bool) -> None:
    own = ON_APPLY if around else ON_APPLY.replace('["apply"]', '["destroy"]')
    places.write("app", STATE + own, FAILING)
    _, applied = places.applied("app")
    assert applied.outcome is Outcome.FAILED
    assert "local-exec provisioner error" in applied.detail


@pytest.mark.parametrize("around", [False, True], ids=["by-itself", "with-hooks"])
def test_an_interrupted_apply_is_no_success(places: Places, around: bool) -> None:
    begun = places.folder / "begun"
    own = ON_APPLY if around else ON_APPLY.replace('["apply"]', '["destroy"]')
    places.write(
        "app",
        STATE + own,
        SLOW.replace("BEGUN", str(begun)),
    )
    here = places.workspace("app")
    plan, found = Terragrunt(here).plan(Inputs()), list[Applied]()
    at_work = threading.Thread(target=lambda: found.append(Terragrunt(here).apply(plan)))
    at_work.start()
    while not begun.exists() and at_work.is_alive():
        time.sleep(0.05)
    here.processes.stop_all()
    at_work.join()
    assert [each.outcome for each in found] != [Outcome.SUCCEEDED]
    assert len(found) == 1


def test_a_hook_that_fails_with_2_is_no_plan_with_changes(places: Places) -> None:
    places.write("app", STATE + HOOK, MODULE)
    with pytest.raises(Refused, match="terraform plan of app in dev"):
        places.engine("app").plan(Inputs())


@pytest.mark.parametrize("code", [1, 2, 7])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_hook_that_fails_around_an_apply_rejects_it_with_any_exit_code(
    places: Places, when: str, code: int
) -> None:
    hook = ON_APPLY.replace("before_hook", f"{when}_hook").replace('["true"]', f'["sh", "-c", "exit {code}"]')
    places.write("app", STATE + hook.partition("errors {")[0], MODULE)
    _, applied = places.applied("app")
    assert applied.outcome is Outcome.FAILED
    assert f"exited with non-zero exit code {code}" in applied.detail


def test_a_plan_whose_hook_fails_with_another_code_is_rejected(places: Places) -> None:
    places.write("app", STATE + HOOK.replace("exit 2", "exit 9"), MODULE)
    with pytest.raises(Refused, match="exited with non-zero exit code 9"):
        places.engine("app").plan(Inputs())


def test_a_hook_that_a_signal_ended_is_no_rejection(places: Places) -> None:
    places.write("app", STATE + HOOK.replace("exit 2", "kill -9 $$"), MODULE)
    with pytest.raises(Unanswered):
        places.engine("app").plan(Inputs())


@pytest.mark.parametrize("tool", ["terraform", "terragrunt"])
def test_another_version_than_a_unit_requires_is_a_matter_of_the_machine(places: Places, tool: str) -> None:
    places.write("app", STATE + SOURCE + f'{tool}_version_constraint = ">= 99"\n', MODULE)
    with pytest.raises(Unequipped, match=r"is not compatible with the version .*>= 99"):
        places.engine("app").plan(Inputs())


def test_what_prevent_destroy_protects_is_left_and_that_is_told_before(places: Places) -> None:
    places.write("app", STATE + SOURCE + "prevent_destroy = true\n", MODULE)
    plan, _ = places.applied("app")
    assert "prevent_destroy is set: a rollback leaves what this creates" in plan.warnings
    assert places.engine("app").plan_rollback(places.workspace("app"), None) is None


def test_a_state_that_is_elsewhere_is_not_planned_anew(places: Places, tmp_path: Path) -> None:
    places.write("app", STATE + SOURCE, MODULE)
    plan, applied = places.applied("app")
    moved = Places(tmp_path / "later")
    moved.write("app", STATE + SOURCE, MODULE, state=str(tmp_path / "elsewhere.tfstate"))
    with pytest.raises(
        Refused, match=r"its state was in \S+app.tfstate and would be in \S+elsewhere.tfstate: move it"
    ):
        moved.engine("app", receipt=receipt(plan, applied)).plan(Inputs())


def test_nothing_of_the_machine_decides(places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tofu = tmp_path / "bin/tofu"
    tofu.parent.mkdir()
    tofu.write_text("#!/bin/sh\nexit 1\n")
    tofu.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tofu.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("TF_VAR_network", "of this machine")
    monkeypatch.setenv("TG_DOWNLOAD_DIR", "/nowhere")
    places.write("app", STATE + SOURCE, MODULE)
    plan = places.engine("app").plan(Inputs())
    assert [change.after["input"] for change in plan.changes] == ["none"]
    told = " of the environment is not used: what a release does must not depend on the machine"
    assert [each for each in plan.warnings if "of the environment" in each] == [
        f"TF_VAR_network{told}" if name == "TF_VAR_network" else f"{name}{told}"
        for name in ("TF_VAR_network", "TG_DOWNLOAD_DIR")
    ]


def test_a_plan_writes_nothing_into_the_release(places: Places) -> None:
    places.write("app", STATE + SOURCE, MODULE)
    whole = places.folder / "infrastructure"
    before = sorted(whole.rglob("*"))
    places.engine("app").plan(Inputs())
    assert sorted(whole.rglob("*")) == before
