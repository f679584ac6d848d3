"""Files of variables that the real sops has encrypted: used by terraform, seen by nobody, gone with the run."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import FlowmartError, Refused, Unequipped
from tasks.domain.outcome import Outcome
from tasks.domain.values import MASK
from tasks.engines.base import Workspace
from tasks.engines.terraform.engine import Terraform
from tasks.processes import Processes
from tests.peers import age, sops
from tests.platforms.terraform_roots import Root, applied, planned

CODE = """
variable "password" {}
variable "pin" {}
variable "open" { default = "" }
resource "terraform_data" "it" { input = "${var.password} ${var.open}" }
resource "terraform_data" "pin" { input = var.pin }
output "password" { value = "the word is ${var.password}" }
output "open" { value = var.open }
"""
PASSWORD, PIN = "correct horse", "482913"
SET = {"password": PASSWORD, "pin": PIN}
KINDS = {
    "secrets.tfvars.json": json.dumps(SET),
    "secrets.yaml": f"password: {PASSWORD}\npin: '{PIN}'\n",
    "secrets.env": f"password={PASSWORD}\npin={PIN}\n",
    "secrets.tfvars": f'password = "{PASSWORD}"\npin = "{PIN}"\n',
}


@pytest.fixture(scope="module")
def key() -> age.Key:
    return age.generated()


@pytest.fixture(autouse=True)
def identity(key: age.Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The key of whoever runs the tests, in a file that a variable names."""
    file = tmp_path / "keys.txt"
    file.write_text(key.identity)
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(file))
    return file


@pytest.fixture
def root(tmp_path: Path) -> Root:
    path = f"{Path(sops.PROGRAM).parent}:{Processes().environment['PATH']}"
    return Root(tmp_path, processes=lambda: Processes({**Processes().environment, "PATH": path}))


def encrypted(folder: Path, name: str, text: str, key: age.Key) -> None:
    """Write a file as sops encrypts it."""
    plain = folder / f"plain-{name}"
    plain.write_text(text)
    command = [sops.PROGRAM, "encrypt", "--age", key.recipient, str(plain)]
    (folder / name).write_text(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    plain.unlink()


def release(root: Root, key: age.Key, name: str, text: str) -> Workspace:
    """A release with one encrypted file, and one that is not."""
    files = ["open.tfvars", {"path": name, "decrypt": "sops"}]
    workspace = root.release(CODE, options={"var_files": files})
    (workspace.folder / "open.tfvars").write_text('open = "for all"\n')
    encrypted(workspace.folder, name, text, key)
    return workspace


@pytest.mark.parametrize("name", KINDS)
def test_what_is_encrypted_is_used_and_shown_nowhere(name: str, root: Root, key: age.Key) -> None:
    workspace = release(root, key, name, KINDS[name])
    Terraform(workspace).validate()
    plan = planned(workspace)
    shown = f"{plan.text}{plan.changes}{plan.output_changes}{plan.outputs}{plan.warnings}"
    assert not [secret for secret in (PASSWORD, PIN) if secret in shown]
    result = Terraform(workspace).apply(plan)
    assert (result.outcome, result.outputs) == (
        Outcome.SUCCEEDED,
        {"password": f"the word is {MASK}", "open": "for all"},
    )
    found = {each["name"]: each["instances"][0]["attributes"] for each in root.state["resources"]}
    assert found["it"]["input"]["value"] == f"{PASSWORD} for all"
    assert Terraform(workspace).verify().outcome is Outcome.SUCCEEDED
    readable = [file for file in workspace.folder.rglob("*") if file.is_file() and _holds(file, PASSWORD)]
    assert readable
    assert {stat.S_IMODE(file.stat().st_mode) for file in readable} == {0o600}


def test_another_secret_is_another_plan_that_says_so(root: Root, key: age.Key) -> None:
    first = release(root, key, "s.yaml", KINDS["secrets.yaml"])
    one, again = planned(first), planned(release(root, key, "s.yaml", KINDS["secrets.yaml"]))
    other = planned(release(root, key, "s.yaml", KINDS["secrets.yaml"].replace(PASSWORD, "wrong horse")))
    assert one.secrets == again.secrets != other.secrets
    assert one.changes == other.changes


def test_a_failed_apply_does_not_say_it(root: Root, key: age.Key) -> None:
    workspace = release(root, key, "s.yaml", KINDS["secrets.yaml"])
    command = "echo ${var.password}; exit 9"
    code = f'resource "terraform_data" "bad" {{\n  provisioner "local-exec" {{ command = "{command}" }}\n}}\n'
    (workspace.folder / "bad.tf").write_text(code)
    result = applied(workspace)
    assert result.outcome is Outcome.FAILED
    assert "exit status 9" in result.detail
    assert PASSWORD not in result.detail


@pytest.mark.parametrize(
    ("what", "told", "kind"),
    [
        ("no key", "s.yaml cannot be decrypted: Failed to get the data key", Unequipped),
        ("damaged", "s.yaml cannot be decrypted: .*message authentication failed", Refused),
        ("no sops", r"s.yaml is encrypted with sops, and there is no sops on PATH: install it", Unequipped),
    ],
)
def test_what_cannot_be_decrypted_is_refused_before_anything_is_planned(
    what: str, told: str, kind: type[FlowmartError], root: Root, key: age.Key, identity: Path
) -> None:
    workspace = release(root, key, "s.yaml", KINDS["secrets.yaml"])
    file = workspace.folder / "s.yaml"
    if what == "no key":
        identity.unlink()
    elif what == "damaged":
        file.write_text(file.read_text().replace("data:", "data:AAAA", 1))
    else:
        workspace = replace(workspace, processes=Processes({**Processes().environment, "PATH": "/nowhere"}))
    with pytest.raises(kind, match=f"(?i){told}"):
        Terraform(workspace).validate()
    assert not (workspace.folder / ".terraform/terraform.tfstate").exists()


def _holds(file: Path, text: str) -> bool:
    return text in file.read_text(errors="replace")


def test_every_kind_is_given_as_the_variables_that_it_has(root: Root, key: age.Key) -> None:
    values: Mapping[str, Any] = {"password": PASSWORD, "pin": {"a": [1, True, None]}}
    workspace = release(root, key, "s.json", json.dumps(values))
    applied(workspace)
    found = {each["name"]: each["instances"][0]["attributes"] for each in root.state["resources"]}
    assert found["pin"]["input"]["value"] == {"a": [1, True, None]}
