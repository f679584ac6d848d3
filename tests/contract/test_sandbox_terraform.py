"""Terraform's own S3 backend works in the sandbox unmodified, with the credentials that the product hands it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from deployments.sandbox import Sandbox
from tasks import aws

pytestmark = pytest.mark.sandbox

ROOT = """
terraform {
  required_version = ">= 1.10"
  backend "s3" {
    bucket       = "flowmart-dev-tfstate-222222222222"
    key          = "%s/terraform.tfstate"
    region       = "eu-west-1"
    encrypt      = true
    use_lockfile = true
  }
}

resource "terraform_data" "it" {
  input = "%s"
}
"""


def terraform(folder: Path, credentials: aws.Credentials, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, **credentials.environment(), "TF_IN_AUTOMATION": "1"}
    command = ["terraform", *arguments, "-no-color", "-input=false"]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)


@pytest.fixture
def planner(operator: Sandbox) -> aws.Credentials:
    return aws.assume(operator.platform.environment("dev").roles.plan, "eu-west-1", "tests")


@pytest.fixture
def applier(operator: Sandbox) -> aws.Credentials:
    return aws.assume(operator.platform.environment("dev").roles.apply, "eu-west-1", "tests")


@pytest.fixture
def folder(tmp_path: Path, applier: aws.Credentials) -> Path:
    """A root that was applied once, whose configuration has changed since."""
    name = tmp_path.name.replace("_", "-")
    (tmp_path / "main.tf").write_text(ROOT % (name, "first"))
    for step in (["init"], ["apply", "-auto-approve"]):
        done = terraform(tmp_path, applier, *step)
        assert done.returncode == 0, done.stderr
    (tmp_path / "main.tf").write_text(ROOT % (name, "second"))
    return tmp_path


def key_of(folder: Path) -> str:
    return f"{folder.name.replace('_', '-')}/terraform.tfstate"


def test_state_is_kept_with_all_its_versions(operator: Sandbox, applier: aws.Credentials, folder: Path) -> None:
    assert terraform(folder, applier, "apply", "-auto-approve").returncode == 0
    s3 = operator.administrator("dev")("s3")
    bucket = "flowmart-dev-tfstate-222222222222"
    versions = s3.list_object_versions(Bucket=bucket, Prefix=key_of(folder))["Versions"]
    states = [
        json.loads(s3.get_object(Bucket=bucket, Key=v["Key"], VersionId=v["VersionId"])["Body"].read())
        for v in versions
        if v["Key"] == key_of(folder)
    ]
    assert sorted(state["serial"] for state in states) == [1, 2]


def test_the_planning_role_plans_without_a_lock(planner: aws.Credentials, folder: Path) -> None:
    planned = terraform(folder, planner, "plan", "-lock=false", "-detailed-exitcode")
    assert (planned.returncode, planned.stderr) == (2, "")


def test_the_planning_role_cannot_apply(planner: aws.Credentials, applier: aws.Credentials, folder: Path) -> None:
    applied = terraform(folder, planner, "apply", "-lock=false", "-auto-approve")
    assert applied.returncode == 1
    assert "AccessDenied" in applied.stderr
    assert terraform(folder, applier, "plan", "-detailed-exitcode").returncode == 2


def test_a_lock_of_somebody_else_stops_terraform(operator: Sandbox, applier: aws.Credentials, folder: Path) -> None:
    held = {"ID": "4711", "Operation": "OperationTypeApply", "Who": "anna@elsewhere", "Path": key_of(folder)}
    lock = {"Bucket": "flowmart-dev-tfstate-222222222222", "Key": f"{key_of(folder)}.tflock"}
    s3 = operator.administrator("dev")("s3")
    s3.put_object(**lock, Body=json.dumps(held).encode())
    planned = terraform(folder, applier, "plan")
    s3.delete_object(**lock)
    assert planned.returncode == 1
    assert "anna@elsewhere" in planned.stderr
