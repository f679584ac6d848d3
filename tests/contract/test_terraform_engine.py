"""The terraform engine with the real terraform: saved plans, applied exactly, refused when they are stale."""

from __future__ import annotations

import hashlib
import json
import stat
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tasks.domain.errors import Refused, StalePlan, Unanswered
from tasks.domain.outcome import Applied, Outcome, Progress
from tasks.domain.plan import Action, Artifact, Reversibility
from tasks.domain.residual import differences_beyond, drift_beyond
from tasks.domain.values import MASK
from tasks.engines.terraform import commands
from tasks.engines.terraform.engine import Terraform
from tests.platforms.terraform_roots import EXECUTABLE, PAINT, TOOL, Root, applied, planned, receipt, settled
from tests.servers.descendants import awaited_descendant

SLOW = 'resource "terraform_data" "slow" {\n  provisioner "local-exec" { command = "sleep 60" }\n}\n'
ALWAYS = 'resource "terraform_data" "always" { triggers_replace = timestamp() }\n'


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def test_a_plan_is_data_and_a_file_that_only_its_owner_reads(root: Root) -> None:
    plan = planned(root.painted("blue"))
    assert [change.address for change in plan.changes] == ["terraform_data.paint"]
    assert "terraform_data.paint will be created" in plan.text
    assert plan.artifact is not None
    assert stat.S_IMODE(plan.artifact.path.stat().st_mode) == 0o600


def test_apply_gives_the_outputs_and_then_a_plan_is_empty(root: Root) -> None:
    workspace = root.painted("blue")
    assert applied(workspace) == Applied(Outcome.SUCCEEDED, {"colour": "blue"})
    assert planned(workspace).empty
    assert Terraform(workspace).verify().outcome is Outcome.SUCCEEDED


def test_outputs_that_a_plan_knows_are_what_its_apply_gives(root: Root) -> None:
    code = (
        PAINT
        + 'output "zones" {{ value = [for zone in ["b", "a"] : upper(zone)] }}\noutput "none" {{ value = null }}\n'
    )
    applied(root.release(code.format(colour="blue")))
    size = 'output "size" {{ value = 2.50 }}\n'
    workspace = root.release((code + size).format(colour="blue"))
    plan = planned(workspace)
    assert plan.outputs == {"colour": "blue", "zones": ["B", "A"], "size": 2.5}
    assert Terraform(workspace).apply(plan).outputs == plan.outputs


def test_outputs_that_only_an_apply_can_tell_are_not_foreseen(root: Root) -> None:
    assert planned(root.painted("blue")).outputs is None


def test_a_changed_object_fails_the_verification(root: Root) -> None:
    applied(root.painted("blue"))
    found = Terraform(root.painted("green")).verify()
    assert found.outcome is Outcome.FAILED
    assert [change.address for change in found.differences] == ["terraform_data.paint"]


def test_another_plan_file_than_the_planned_one_is_refused(root: Root) -> None:
    workspace = root.painted("blue")
    plan = planned(workspace)
    assert plan.artifact is not None
    plan.artifact.path.write_bytes(plan.artifact.path.read_bytes() + b"x")
    with pytest.raises(StalePlan, match="not the one that was planned"):
        Terraform(workspace).apply(plan)
    assert not root.state_file.exists()


def test_a_first_plan_is_not_applied_twice(root: Root) -> None:
    workspace = root.painted("blue")
    plan = planned(workspace)
    Terraform(workspace).apply(plan)
    with pytest.raises(StalePlan, match="planned without a state"):
        Terraform(workspace).apply(plan)


def test_a_plan_is_refused_when_the_state_has_moved_on(root: Root) -> None:
    applied(root.painted("blue"))
    workspace = root.painted("green")
    plan = planned(workspace)
    root.state_file.write_text(json.dumps({**root.state, "serial": root.state["serial"] + 1}))
    with pytest.raises(StalePlan, match="plan again"):
        Terraform(workspace).apply(plan)


def test_code_that_terraform_refuses_is_a_no_and_names_the_file(root: Root) -> None:
    workspace = root.release('output "wrong" { value = terraform_data.nothing.id }\n')
    with pytest.raises(Refused, match=f"{TOOL} plan of first in dev: Error: Reference to undeclared") as raised:
        planned(workspace)
    assert "(terraform/dev/first/main.tf line 5)" in str(raised.value)
    assert str(root.folder) not in str(raised.value)


def test_a_failed_apply_says_why_and_keeps_what_was_done_in_the_state(root: Root) -> None:
    broken = 'resource "terraform_data" "broken" {\n  provisioner "local-exec" { command = "exit 9" }\n}\n'
    result = applied(root.release(PAINT.format(colour="blue") + broken))
    assert result.outcome is Outcome.FAILED
    assert "exit status 9" in result.detail
    assert {resource["name"] for resource in root.state["resources"]} == {"paint", "broken"}


def test_a_state_that_could_not_be_saved_is_pushed_afterwards(root: Root) -> None:
    workspace = root.painted("blue")
    applied(workspace)
    lost = {**root.state, "serial": root.state["serial"] + 1}
    again = planned(workspace)
    (workspace.folder / "errored.tfstate").write_text(json.dumps(lost))
    assert again.artifact is not None
    again.artifact.path.write_bytes(b"no plan")
    artifact = Artifact(again.artifact.path, hashlib.sha256(b"no plan").hexdigest())
    result = Terraform(workspace).apply(replace(again, artifact=artifact))
    assert "was pushed afterwards" in result.detail
    assert root.state["serial"] == lost["serial"]


def test_the_time_limit_interrupts_terraform_which_saves_its_state(root: Root) -> None:
    workspace = root.release(PAINT.format(colour="blue") + SLOW, time_limit=3.0)
    plan = planned(workspace)
    result = Terraform(workspace).apply(plan)
    assert result.outcome is Outcome.UNANSWERED
    assert "time limit of 3 s" in result.detail
    assert "paint" in {resource["name"] for resource in root.state["resources"]}
    seen = Terraform(workspace).observe(plan)
    assert seen.progress is Progress.PARTIAL
    assert "terraform_data.slow" in seen.detail


def test_cancelling_interrupts_the_apply_and_leaves_no_process(root: Root) -> None:
    workspace = root.release(PAINT.format(colour="blue") + SLOW)
    plan = planned(workspace)
    results: list[Applied] = []
    applying = threading.Thread(target=lambda: results.append(Terraform(workspace).apply(plan)))
    applying.start()
    terraform = _terraform_with_a_child("sleep")
    workspace.processes.stop_all()
    applying.join()
    assert not terraform.is_running()
    assert results[0].outcome is Outcome.UNANSWERED
    assert "paint" in root.state_file.read_text()


def test_without_a_previous_receipt_a_rollback_removes_everything(root: Root) -> None:
    workspace = root.painted("blue")
    applied(workspace)
    plan = Terraform(workspace).plan_rollback(workspace, None)
    assert plan is not None
    assert [change.action for change in plan.changes] == [Action.DELETE]
    assert Terraform(workspace).apply(plan).outcome is Outcome.SUCCEEDED
    assert root.state["resources"] == []


def test_a_backend_that_does_not_answer_is_no_answer(root: Root) -> None:
    remote = 'terraform {{\n  backend "http" {{ address = "http://127.0.0.1:1/state" }}\n}}\n'
    with pytest.raises(Unanswered, match="connection refused"):
        planned(root.release(PAINT.format(colour="blue"), backend=remote))


# --- no answer, then observe ---------------------------------------------------------------------------------


def test_an_apply_that_changed_nothing_is_observed_unchanged(root: Root) -> None:
    workspace = root.painted("blue")
    assert Terraform(workspace).observe(planned(workspace)).progress is Progress.UNCHANGED


def test_an_apply_that_finished_after_its_run_is_observed_done(root: Root) -> None:
    workspace = root.painted("blue")
    plan = planned(workspace)
    Terraform(workspace).apply(plan)
    seen = Terraform(workspace).observe(plan)
    assert (seen.progress, seen.outputs) == (Progress.DONE, {"colour": "blue"})


def test_an_apply_of_outputs_alone_is_observed(root: Root) -> None:
    applied(root.painted("blue"))
    workspace = root.release(PAINT.format(colour="blue") + 'output "more" { value = 1 }\n')
    plan = planned(workspace)
    assert Terraform(workspace).observe(plan).progress is Progress.UNCHANGED
    Terraform(workspace).apply(plan)
    assert Terraform(workspace).observe(plan).progress is Progress.DONE


def test_a_removal_is_observed_as_one(root: Root) -> None:
    workspace = root.painted("blue")
    applied(workspace)
    plan = Terraform(workspace).plan_rollback(workspace, None)
    assert plan is not None
    assert Terraform(workspace).observe(plan).progress is Progress.UNCHANGED
    Terraform(workspace).apply(plan)
    assert Terraform(workspace).observe(plan).progress is Progress.DONE


def test_a_rollback_is_observed_as_one(root: Root) -> None:
    before, failed = root.painted("blue"), root.painted("green")
    applied(before)
    applied(failed)
    plan = Terraform(before).plan_rollback(failed, receipt(before))
    assert plan is not None
    assert Terraform(before).observe(plan).progress is Progress.UNCHANGED
    Terraform(before).apply(plan)
    assert Terraform(before).observe(plan).progress is Progress.DONE


def test_a_unit_that_always_changes_is_observed_done(root: Root) -> None:
    workspace = root.release(PAINT.format(colour="blue") + ALWAYS)
    applied(workspace)
    plan = planned(workspace)
    assert Terraform(workspace).observe(plan).progress is Progress.UNCHANGED
    Terraform(workspace).apply(plan)
    assert Terraform(workspace).observe(plan).progress is Progress.DONE


def test_a_tool_that_outlived_its_run_holds_the_lock_until_it_is_found_done(root: Root) -> None:
    wait = f"until test -e {root.folder}/go; do sleep 0.1; done"
    waits = f'resource "terraform_data" "slow" {{\n  provisioner "local-exec" {{ command = "{wait}" }}\n}}\n'
    workspace = root.release(PAINT.format(colour="blue") + waits)
    plan = planned(workspace)
    outliving = subprocess.Popen(commands.apply(EXECUTABLE), cwd=workspace.folder, stdout=subprocess.DEVNULL)
    awaited_descendant(psutil.Process(outliving.pid), "sleep")
    with pytest.raises(
        Unanswered, match=r"locked by .*@.* since [\d-]+ [\d:]+ UTC \(apply\)\.\nIf that run is over"
    ) as lock:
        Terraform(workspace).observe(plan)
    assert f"{TOOL} -chdir=infrastructure/terraform/dev/first force-unlock " in str(lock.value)
    (root.folder / "go").touch()
    outliving.wait()
    assert Terraform(workspace).observe(plan).progress is Progress.DONE


def test_a_plan_needs_no_lock_and_an_apply_without_it_gives_no_answer(root: Root) -> None:
    holding = root.release(SLOW)
    planned(holding)
    holder = subprocess.Popen(commands.apply(EXECUTABLE), cwd=holding.folder, stdout=subprocess.DEVNULL)
    sleeping = awaited_descendant(psutil.Process(holder.pid), "sleep")
    plan = planned(root.painted("green"))
    sleeping.kill()
    holder.wait()
    assert plan.created == {"terraform_data.paint"}


# --- what a rollback could not restore ----------------------------------------------------------------------

MOVED = """
resource "terraform_data" "wall" { input = "blue" }
moved {
  from = terraform_data.paint
  to   = terraform_data.wall
}
output "colour" { value = terraform_data.wall.output }
"""
REMOVED = """
removed {
  from = terraform_data.paint
  lifecycle { destroy = false }
}
output "colour" { value = "none" }
"""


@pytest.mark.parametrize(
    ("code", "action", "address", "note"),
    [
        (MOVED, Action.MOVE, "terraform_data.wall", "moved from terraform_data.paint"),
        (REMOVED, Action.FORGET, "terraform_data.paint", "no longer managed, and stays"),
    ],
)
def test_what_only_the_state_does_is_a_change_and_needs_care(
    root: Root, code: str, action: Action, address: str, note: str
) -> None:
    applied(root.painted("blue"))
    plan = planned(root.release(code))
    assert [(change.action, change.address, change.note) for change in plan.changes] == [(action, address, note)]
    assert plan.reversibility is Reversibility.NEEDS_CARE
    assert f"{address}" in "".join(plan.warnings)
    assert note in plan.text


def test_existing_state_is_the_baseline_and_no_rollback_touches_it(root: Root) -> None:
    applied(root.painted("blue"))
    serial = root.state["serial"]
    failed = root.painted("green")
    engine = Terraform(failed)
    baseline = engine.adopt()
    assert baseline is not None
    assert baseline.description == f"existing state, serial {serial}, 1 resource"
    Terraform(failed).apply(planned(failed))
    assert engine.plan_rollback(failed, baseline) is None
    assert [resource["name"] for resource in root.state["resources"]] == ["paint"]


def test_no_state_is_no_baseline(root: Root) -> None:
    assert Terraform(root.painted("blue")).adopt() is None


# --- drift ---------------------------------------------------------------------------------------------------


def test_right_after_an_apply_nothing_differs(root: Root) -> None:
    workspace = root.painted("blue")
    applied(workspace)
    after, residual = settled(workspace)
    assert residual == ()
    assert Terraform(after).detect_drift(receipt(after)).empty
    assert planned(after).empty


def test_a_unit_that_always_changes_is_settled_verified_and_does_not_drift(root: Root) -> None:
    workspace = root.release(ALWAYS)
    applied(workspace)
    after, residual = settled(workspace)
    assert [change.address for change in residual] == ["terraform_data.always"]
    assert drift_beyond(residual, Terraform(after).detect_drift(receipt(after)).changes) == ()
    assert differences_beyond(residual, Terraform(after).verify().differences) == ()


# --- secrets -------------------------------------------------------------------------------------------------

PIN = """
variable "pin" {
  type      = number
  sensitive = true
  validation {
    condition     = var.pin > 1000
    error_message = "too small"
  }
}
resource "terraform_data" "copy" { input = nonsensitive(var.pin) }
output "pin" {
  value     = var.pin
  sensitive = true
}
"""


def test_a_secret_number_stands_nowhere(root: Root) -> None:
    plan = planned(root.release(PIN, inputs={"pin": 482913}))
    assert "482913" not in f"{plan.text}{plan.changes}"
    result = Terraform(root.release(PIN, inputs={"pin": 482913})).workspace
    assert applied(result).outputs == {"pin": MASK}


def test_a_failed_validation_does_not_show_the_value(root: Root) -> None:
    with pytest.raises(Refused, match="too small") as raised:
        planned(root.release(PIN, inputs={"pin": 987}))
    assert "987" not in str(raised.value)


def test_another_secret_is_another_plan(root: Root) -> None:
    one, same, other = (planned(root.release(PIN, inputs={"pin": pin})) for pin in (482913, 482913, 111222))
    assert (one.changes, one.secrets) == (same.changes, same.secrets)
    assert one.changes == other.changes
    assert one.secrets != other.secrets


CHECK = """
check "colour" {
  assert {
    condition     = terraform_data.paint.output == "red"
    error_message = "not red"
  }
}
"""


def test_a_failing_check_is_a_warning(root: Root) -> None:
    applied(root.painted("blue"))
    plan = planned(root.release(PAINT.format(colour="blue") + CHECK))
    assert "check.colour fails: not red" in plan.warnings


def test_a_check_that_fails_after_an_apply_is_told_and_stops_nothing(root: Root) -> None:
    result = applied(root.release(PAINT.format(colour="blue") + CHECK))
    assert (result.outcome, result.detail) == (Outcome.SUCCEEDED, "a check fails: not red")


LATE_CHECK = """
check "there" {
  data "terraform_remote_state" "other" {
    backend = "local"
    config  = { path = "none-${terraform_data.paint.id}" }
  }
  assert {
    condition     = data.terraform_remote_state.other.outputs.ready
    error_message = "not ready"
  }
}
"""


def test_a_check_that_cannot_be_made_after_an_apply_is_told_too(root: Root) -> None:
    result = applied(root.release(PAINT.format(colour="blue") + LATE_CHECK))
    assert result.outcome is Outcome.SUCCEEDED
    assert result.detail.startswith("a check fails: Unable to find remote state: No stored state was found")


def test_no_message_names_the_folder_of_the_run(root: Root) -> None:
    workspace = root.release('output "x" { value = file(abspath("${path.module}/../none")) }\n')
    with pytest.raises(Refused, match="infrastructure/terraform/dev/none") as raised:
        planned(workspace)
    assert str(root.folder) not in str(raised.value)


def test_an_error_in_a_module_names_its_file_in_the_repository(root: Root) -> None:
    workspace = root.release('module "m" { source = "../shared" }\n')
    (workspace.folder.parent / "shared").mkdir()
    (workspace.folder.parent / "shared/main.tf").write_text('output "wrong" { value = terraform_data.none.id }\n')
    with pytest.raises(Refused, match=r"\(terraform/dev/shared/main\.tf line 1\)"):
        planned(workspace)


def test_every_command_is_a_list_that_terraform_understands() -> None:
    reading = (commands.init, commands.validate, commands.plan, commands.show, commands.state_pull, commands.schema)
    for command in (*reading, commands.apply):
        argv = command(EXECUTABLE)
        options = {word.split("=")[0] for word in argv if word.startswith("-")} - {"-no-color", "-json"}
        words = argv[1:3] if argv[1] in ("state", "providers") else argv[1:2]
        told = subprocess.run([EXECUTABLE, *words, "-help"], capture_output=True, text=True)
        assert all(option in told.stdout for option in options), (argv, told.stdout)


def _terraform_with_a_child(name: str) -> psutil.Process:
    return awaited_descendant(psutil.Process(), name).parents()[1]
