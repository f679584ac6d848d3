"""OpenTofu behind the engine that is called terraform: what it does otherwise, and what only it can.

The other tests of the engine run with it too: FLOWMART_TEST_TERRAFORM=tofu pytest tests/contract/test_terraform_*.py
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.domain.errors import Unequipped
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Action
from tasks.domain.release import Inputs
from tasks.engines.base import Workspace
from tasks.engines.terraform.engine import Terraform
from tasks.processes import Processes
from tests.peers.tofu import tofu
from tests.platforms.terraform_roots import PAINT, Root, applied, planned, receipt, settled

MOVED = PAINT.replace('"paint" {{', '"colour" {{').replace("terraform_data.paint.", "terraform_data.colour.") + (
    "moved {{\n  from = terraform_data.paint\n  to   = terraform_data.colour\n}}\n"
)
FORGOTTEN = "removed {\n  from = terraform_data.paint\n  lifecycle { destroy = false }\n}\n"
WITH_WORKSPACES = """
terraform {{
  backend "local" {{ workspace_dir = "{state}.d" }}
}}
"""
ENCRYPTED = """
terraform {{
  encryption {{
    key_provider "pbkdf2" "it" {{ passphrase = var.phrase }}
    method "aes_gcm" "it" {{ keys = key_provider.pbkdf2.it }}
    state {{ method = method.aes_gcm.it }}
    plan {{ method = method.aes_gcm.it }}
  }}
  backend "local" {{ path = "{state}" }}
}}
variable "phrase" {{ sensitive = true }}
"""


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def by_tofu(workspace: Workspace) -> Workspace:
    """The workspace with OpenTofu in place of Terraform."""
    return replace(workspace, executable=tofu() or "")


def test_a_plan_is_applied_verified_and_undone(root: Root) -> None:
    first = by_tofu(root.painted("blue"))
    assert planned(first).counts["create"] == 1
    done = applied(first)
    assert (done.outcome, done.outputs) == (Outcome.SUCCEEDED, {"colour": "blue"})
    assert done.details["tool"].startswith("tofu 1.")
    first, _ = settled(first)
    assert Terraform(first).verify().outcome is Outcome.SUCCEEDED
    assert Terraform(first).detect_drift(receipt(first)).changes == ()
    second = by_tofu(root.release(MOVED.format(colour="green")))
    plan = planned(second)
    assert [(change.address, change.action) for change in plan.changes] == [("terraform_data.colour", Action.UPDATE)]
    assert Terraform(second).apply(plan).outcome is Outcome.SUCCEEDED
    back = Terraform(first).plan_rollback(replace(second, state_changes=plan.state_changes), receipt(first))
    assert back is not None
    assert (back.created, back.removed) == (frozenset(), frozenset())
    assert Terraform(first).apply(back).outputs == {"colour": "blue"}


def test_a_state_that_terraform_made_is_gone_on_with_and_the_plan_says_so(root: Root) -> None:
    made = replace(root.painted("blue"), executable="terraform")
    details = applied(made).details
    before = replace(receipt(made), details=details)
    plan = planned(replace(by_tofu(root.painted("green")), receipt=before))
    assert plan.counts["update"] == 1
    assert any(f"applied by {details['tool']} before, planned by tofu" in said for said in plan.warnings)


def test_what_is_no_longer_managed_stays_though_the_tool_calls_that_an_error(root: Root) -> None:
    applied(by_tofu(root.painted("blue")))
    plan = planned(workspace := by_tofu(root.release(FORGOTTEN)))
    assert plan.counts["forget"] == 1
    assert Terraform(workspace).apply(plan).outcome is Outcome.SUCCEEDED


def test_a_tofu_file_is_read_in_place_of_the_tf_file_of_its_name(root: Root) -> None:
    workspace = by_tofu(root.painted("blue"))
    code = (workspace.folder / "main.tf").read_text()
    (workspace.folder / "main.tofu").write_text(code.replace('"blue"', '"green"'))
    assert applied(workspace).outputs == {"colour": "green"}


def test_variables_decide_where_the_state_and_the_modules_are(root: Root) -> None:
    backend = 'variable "place" {{}}\nterraform {{\n  backend "local" {{ path = var.place }}\n}}\n'
    code = (
        'module "m" { source = "./${var.module}" }\nvariable "module" {}\noutput "told" { value = module.m.told }\n'
    )
    inputs = {"place": str(root.state_file), "module": "one"}
    workspace = by_tofu(root.release(code, backend=backend, inputs=inputs))
    for name in ("one", "two"):
        (workspace.folder / name).mkdir()
        (workspace.folder / name / "main.tf").write_text(f'output "told" {{ value = "{name}" }}\n')
    Terraform(workspace).validate()
    assert applied(workspace).outputs == {"told": "one"}
    assert applied(replace(workspace, unit=replace(workspace.unit, inputs={**inputs, "module": "two"}))).outputs == {
        "told": "two"
    }


def test_a_workspace_that_is_not_there_is_made(root: Root) -> None:
    workspace = root.release(PAINT.format(colour="blue"), backend=WITH_WORKSPACES)
    chosen = replace(workspace.unit, options={"workspace": "blue"})
    assert applied(by_tofu(replace(workspace, unit=chosen))).details["workspace"] == "blue"


def test_an_encrypted_state_is_read_and_no_plan_lies_open(root: Root) -> None:
    phrase = {"phrase": "a long passphrase for this"}
    workspace = by_tofu(root.release(PAINT.format(colour="blue"), backend=ENCRYPTED, inputs=phrase))
    assert applied(workspace).outputs == {"colour": "blue"}
    assert "encrypted_data" in json.loads(root.state_file.read_text())
    assert Terraform(workspace).plan(Inputs(phrase)).empty


def test_a_configuration_file_that_is_not_there_does_not_stand_before_the_answer(root: Root) -> None:
    away = {**Processes().environment, "TF_CLI_CONFIG_FILE": str(root.folder / "none.tfrc")}
    workspace = replace(by_tofu(root.painted("blue")), processes=Processes(away))
    assert planned(workspace).counts["create"] == 1


@pytest.mark.parametrize(("file", "is_fine"), [(".terraform-version", True), (".opentofu-version", False)])
def test_a_version_file_counts_for_its_own_tool(root: Root, file: str, is_fine: bool) -> None:
    workspace = by_tofu(root.painted("blue"))
    (workspace.folder / file).write_text("1.6.0\n")
    if is_fine:
        assert planned(workspace).counts["create"] == 1
    else:
        with pytest.raises(Unequipped, match=r"wants version 1\.6\.0"):
            planned(workspace)
