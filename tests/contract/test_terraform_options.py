"""Repositories as they are: one root for several units and environments, its files, backends and workspaces."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import FlowmartError, Refused, Unequipped
from tasks.domain.outcome import Outcome
from tasks.engines.base import Workspace
from tasks.engines.terraform.engine import Terraform
from tests.platforms.terraform_roots import EXECUTABLE, ON_OPENTOFU, Root, applied, planned

OPEN = 'terraform {{\n  backend "local" {{}}\n}}\n'
OWN, OTHERS = (".terraform-version", ".opentofu-version")[:: -1 if ON_OPENTOFU else 1]
"""The version files of the tool that these tests run with, and of the other one."""
IN_ASDF = "opentofu" if ON_OPENTOFU else "terraform"
REGISTRY = "registry.opentofu.org" if ON_OPENTOFU else "registry.terraform.io"
CODE = """
variable "size" { default = 0 }
variable "name" { default = "" }
output "told" { value = "${var.name} ${var.size}" }
"""


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def release(root: Root, files: Mapping[str, str] | None = None, **changes: Any) -> Workspace:
    """A release of a root whose backend is open, with more files beside it."""
    workspace = root.release(CODE, backend=OPEN, **changes)
    for name, text in (files or {}).items():
        file = Path(os.path.normpath(workspace.folder / name))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return workspace


def told(workspace: Workspace) -> Any:
    return applied(workspace).outputs["told"]


def test_later_files_win_and_inputs_win_over_all(root: Root) -> None:
    files = {
        "../common.tfvars": 'size = 1\nname = "common"\n',
        "vars/b.tfvars": "size = 3\n",
        "vars/a.tfvars": "size = 2\n",
    }
    options = {
        "var_files": ["../common.tfvars", {"path": "none.tfvars", "optional": True}, "vars/*.tfvars"],
        "backend_config": [{"path": str(root.state_file)}],
    }
    assert told(release(root, files, options=options)) == "common 3"
    assert told(release(root, files, options=options, inputs={"size": 7})) == "common 7"


def test_a_backend_gets_what_it_leaves_open_by_files_and_settings(root: Root) -> None:
    files = {"../dev.backend": f'path = "{root.folder}/other.tfstate"\n'}
    by_file = {"backend_config": ["../dev.backend"]}
    assert applied(release(root, files, options=by_file)).details["state"] == f"{root.folder}/other.tfstate"
    both = {"backend_config": ["../dev.backend", {"path": str(root.state_file)}]}
    assert applied(release(root, files, options=both)).details["state"] == str(root.state_file)


def test_each_workspace_has_a_state_of_its_own(root: Root) -> None:
    def of(name: str) -> dict[str, Any]:
        settings = {"path": str(root.state_file), "workspace_dir": str(root.folder / "spaces")}
        return {"backend_config": [settings], "workspace": name}

    first = applied(release(root, options=of("blue"), inputs={"size": 1}))
    second = applied(release(root, options=of("green"), inputs={"size": 2}))
    assert first.details["workspace"] == "blue"
    assert first.details["state"] == f"{root.folder}/spaces/blue/terraform.tfstate"
    assert json.loads(Path(second.details["state"]).read_text())["outputs"]["told"]["value"] == " 2"
    assert planned(release(root, options=of("blue"), inputs={"size": 1})).empty


def test_the_tool_gets_more_variables(root: Root) -> None:
    options = {"backend_config": [{"path": str(root.state_file)}], "env": {"TF_VAR_name": "by env"}}
    assert told(release(root, options=options)) == "by env 0"


def test_another_binary_is_used(root: Root, tmp_path: Path) -> None:
    binary = tmp_path / "bin" / "tofu"
    binary.parent.mkdir()
    binary.write_text(f'#!/bin/sh\nexec {EXECUTABLE} "$@"\n')
    binary.chmod(0o755)
    options = {"backend_config": [{"path": str(root.state_file)}], "binary": str(binary)}
    assert applied(release(root, options=options)).details["tool"].startswith("tofu 1.")


@pytest.mark.parametrize(
    ("version", "files", "told", "kind"),
    [
        ("~> 1.5.0", {}, r"first wants version ~> 1\.5\.0 \(version\), and \S+ is 1\.\d+\.\d+: install", Unequipped),
        (None, {OWN: "1.5.7\n"}, rf"version 1\.5\.7 \(terraform/dev/first/{re.escape(OWN)}\)", Unequipped),
        (None, {"../../.tool-versions": f"{IN_ASDF} 1.5.7\n"}, r"1\.5\.7 \(terraform/\.tool-versions\)", Unequipped),
        ("newest", {}, "newest is not a version constraint", Refused),
    ],
)
def test_another_version_than_wanted_is_refused_before_planning(
    root: Root, version: str | None, files: Mapping[str, str], told: str, kind: type[FlowmartError]
) -> None:
    options = {"backend_config": [{"path": str(root.state_file)}], "version": version}
    with pytest.raises(kind, match=told):
        planned(release(root, files, options=options))


def test_another_version_than_the_code_requires_is_a_matter_of_the_machine(root: Root) -> None:
    code = 'terraform {\n  required_version = "~> 99.0"\n}\n'
    options = {"backend_config": [{"path": str(root.state_file)}]}
    with pytest.raises(Unequipped, match=r"Unsupported \w+ Core version"):
        planned(release(root, {"required.tf": code}, options=options))


@pytest.mark.parametrize(
    ("version", "files"),
    [
        (">= 1.5, < 99", {OWN: "1.5.7\n"}),
        (None, {OWN: "latest:^1.5\n", f"../{OWN}": "latest\n"}),
        (None, {OTHERS: "1.6.0\n"}),
    ],
)
def test_a_version_that_is_wanted_is_taken(root: Root, version: str | None, files: Mapping[str, str]) -> None:
    options = {"backend_config": [{"path": str(root.state_file)}], "version": version}
    assert planned(release(root, files, options=options)).changes_outputs


def test_a_secret_of_a_file_of_variables_is_in_no_error(root: Root) -> None:
    code = 'variable "pin" {\n  sensitive = true\n  validation {\n    condition     = var.pin == ""\n'
    code += '    error_message = "not good"\n  }\n}\n'
    options = {"backend_config": [{"path": str(root.state_file)}], "var_files": ["a.tfvars"]}
    workspace = release(root, {"a.tfvars": 'pin = "s3cret"\n', "pin.tf": code}, options=options)
    with pytest.raises(Refused, match="not good") as raised:
        Terraform(workspace).plan(workspace.inputs)
    assert "s3cret" not in str(raised.value)


EPHEMERAL = """
variable "token" { ephemeral = true }
variable "size" {}
resource "terraform_data" "it" {
  input = var.size
  provisioner "local-exec" {
    command     = "echo $TOKEN > told"
    environment = { TOKEN = var.token }
  }
}
"""


def test_an_apply_gets_the_values_that_no_saved_plan_holds(root: Root) -> None:
    workspace = root.release(EPHEMERAL, inputs={"size": 2}, options={"var_files": ["token.tfvars"]})
    (workspace.folder / "token.tfvars").write_text('token = "t0ken"\nsize = 1\n')
    assert applied(workspace).outcome is Outcome.SUCCEEDED
    assert (workspace.folder / "told").read_text() == "t0ken\n"
    assert root.state["resources"][0]["instances"][0]["attributes"]["input"]["value"] == 2


def test_providers_are_those_of_the_lock_file(root: Root) -> None:
    locked = f'provider "{REGISTRY}/hashicorp/null" {{\n  version = "3.2.1"\n}}\n'
    options = {"backend_config": [{"path": str(root.state_file)}]}
    workspace = release(root, {".terraform.lock.hcl": locked}, options=options)
    with pytest.raises(Refused, match=r"the lock file is read-only(.|\n)*and commit \.terraform\.lock\.hcl\."):
        planned(workspace)
    assert (workspace.folder / ".terraform.lock.hcl").read_text() == locked


def test_providers_get_the_context_of_the_purpose(root: Root) -> None:
    workspace = root.release(
        'resource "terraform_data" "ctx" {\n  provisioner "local-exec" { command = "echo $KUBE_CTX > ctx.txt" }\n}\n'
    )
    workspace = replace(workspace, writing=lambda: {"HELM_KUBECONTEXT": "dev-apply", "KUBECONFIG": "/k"})
    applied(workspace)
    assert (workspace.folder / "ctx.txt").read_text() == "dev-apply\n"
