"""How often Terragrunt and Terraform are started for the units of an environment, with the real binaries."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from tasks.drift import compare
from tasks.promotion.environment_run import opened
from tasks.promotion.executor import LocalExecutor
from tests.peers.terragrunts import PROGRAM
from tests.platforms.terragrunt_live import Live

# A shell would lose the variable whose name has a hyphen.
COUNTED = """#!{python} -IS
import os
import sys

with open({log!r}, "a") as log:
    log.write(" ".join([{name!r}, *sys.argv[1:]]) + "\\n")
os.execv({program!r}, [{program!r}, *sys.argv[1:]])
"""
MODULE = """
variable "name" { type = string }
variable "with-hyphen" { type = list(string) }
variable "of_file" { default = "" }
variable "of_environment" { default = "" }
resource "terraform_data" "it" {
  input = join(" ", [var.name, join("+", var.with-hyphen), var.of_file, var.of_environment])
}
output "said" { value = terraform_data.it.output }
"""
FIRST = """
terraform {
  source = "${dirname(find_in_parent_folders("root.hcl"))}/../modules//said"
  extra_arguments "more" {
    commands           = ["plan"]
    required_var_files = ["${get_terragrunt_dir()}/more.tfvars"]
    env_vars           = { TF_VAR_of_environment = "environment" }
  }
}
inputs = { with-hyphen = ["a", "b"] }
"""
SECOND = """
terraform {
  source = "${dirname(find_in_parent_folders("root.hcl"))}/../modules//said"
}
dependency "first" {
  config_path = "../first"
}
inputs = { with-hyphen = [dependency.first.outputs.said] }
"""


class Shop(Live):
    """A live repository of two units, the second of which takes an output of the first; it counts what is started."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._log = folder / "started"
        self.write("modules/said/main.tf", MODULE)
        self.reduce({"first": FIRST, "second": SECOND, "third": FIRST})
        for name in ("first", "third"):
            for environment in ("dev", "staging"):
                self.write(f"live/environments/{environment}/eu-west-1/{name}/more.tfvars", 'of_file = "file"\n')
        self.commit("Values in files")

    def counted(self, name: str, program: str) -> str:
        """A program that writes down that it is started."""
        wrapper = self._log.with_name(f"counted-{name}")
        python = os.path.realpath(sys.executable)
        wrapper.write_text(COUNTED.format(python=python, log=str(self._log), name=name, program=program))
        wrapper.chmod(0o755)
        return str(wrapper)

    def started(self) -> Counter[str]:
        """What was started since this was asked last: {program and command: how often}."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        self._log.unlink(missing_ok=True)
        return Counter(" ".join(line.split()[:2]) for line in lines)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = Shop(tmp_path)
    monkeypatch.setenv("FLOWMART_TERRAGRUNT", made.counted("terragrunt", PROGRAM))
    monkeypatch.setenv("FLOWMART_TERRAFORM", made.counted("terraform", str(shutil.which("terraform"))))
    return made


def test_units_are_made_ready_together_and_initialised_once(shop: Shop) -> None:
    release = shop.release()
    shop.started()
    shop.promote(release)
    said = "dev-eu-west-1 a+b file environment"
    assert shop.outputs("eu-west-1/third")["said"] == said
    assert shop.outputs("eu-west-1/second")["said"] == f"dev-eu-west-1 {said}  "
    found = shop.started()
    # Twice for all, and twice for the second unit once the first is applied; hcl validates that one before.
    assert {name: times for name, times in found.items() if name.startswith("terragrunt")} == {
        "terragrunt render": 2,
        "terragrunt run": 2,
        "terragrunt hcl": 1,
    }
    assert found["terraform apply"] == 3
    with opened(shop.runtime, release, "dev") as run:
        report, raised = compare(run, LocalExecutor(4))
    assert (report.drifted, raised) == ((), ())
    found = shop.started()
    assert {name: found[name] for name in ("terragrunt render", "terragrunt run", "terraform plan")} == {
        "terragrunt render": 1,
        "terragrunt run": 1,
        "terraform plan": 3,
    }
    shop.promote(release)
    assert shop.started() == {}


def test_a_unit_adds_its_inputs_and_nothing_else(shop: Shop) -> None:
    _, made = shop.made(shop.release(), "eu-west-1-first")
    assert made.recorded is not None
    assert made.recorded.variables == {
        "TF_VAR_name": "dev-eu-west-1",
        "TF_VAR_of_environment": "environment",
        "TF_VAR_with-hyphen": '["a","b"]',
    }
    (argument,) = made.recorded.arguments
    assert argument.startswith("-var-file=/")
    assert argument.endswith("/dev/eu-west-1/first/more.tfvars")
