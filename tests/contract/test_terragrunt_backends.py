"""`flowmart bootstrap` makes the buckets and lock tables that Terragrunt units name, in the sandbox's AWS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deployments.sandbox import Sandbox
from tasks import manifest
from tasks.bootstrap import AppliedSetting, backends
from tests.peers.terragrunts import PROGRAM

pytestmark = pytest.mark.sandbox

PLATFORM = """
platform: live
environments:
  dev: {account: "222222222222", region: eu-west-1}
terragrunt: {root: "live/{environment}"}
"""
ROOT = """
remote_state {
  backend  = "s3"
  generate = { path = "backend.tf", if_exists = "overwrite" }
  config = {
    bucket                   = "live-${split("/", path_relative_to_include())[0]}-states"
    key                      = "${path_relative_to_include()}/terraform.tfstate"
    region                   = "eu-west-1"
    dynamodb_table           = "live-locks"
    skip_bucket_enforced_tls = true
  }
}
"""
UNIT = """
include "root" {
  path = find_in_parent_folders("root.hcl")
}
terraform {
  source = "../../../module"
}
"""
ELSEWHERE = 'remote_state {\n  backend = "gcs"\n  config  = { bucket = "theirs" }\n}\n'


@pytest.fixture
def infrastructure(tmp_path: Path) -> Path:
    """Two units with one bucket, and one with a state elsewhere."""
    files = {
        "platform.yaml": PLATFORM,
        "module/main.tf": "",
        "live/root.hcl": ROOT,
        "live/dev/vpc/terragrunt.hcl": UNIT,
        "live/dev/db/terragrunt.hcl": UNIT,
        "live/dev/else/terragrunt.hcl": ELSEWHERE,
    }
    for path, text in files.items():
        place = tmp_path / "infrastructure" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return tmp_path / "infrastructure"


def prepared(infrastructure: Path, client: Callable[[str], Any]) -> tuple[AppliedSetting, ...]:
    platform = manifest.load(infrastructure)
    found = backends.of_terragrunt(infrastructure, "dev", program)
    assert backends.others(found) == ("gcs",)
    dev = platform.environment("dev")
    return backends.prepare(platform, dev, infrastructure, found, lambda service, _: client(service))


def program(_: str, default: str) -> str:
    return PROGRAM if default == "terragrunt" else default


def test_each_is_made_once_and_then_right(sandbox: Sandbox, infrastructure: Path) -> None:
    client = sandbox.administrator("dev")
    made = prepared(infrastructure, client)
    bucket = "bucket live-dev-states"
    assert [step.name for step in made if step.done == "created"] == [
        bucket,
        *(f"{bucket}, {what}" for what in ("versioning", "encryption", "closed to the public", "tags")),
        "lock table live-locks",
    ]
    assert {step.done for step in prepared(infrastructure, client)} == {"already right"}
    (key,) = client("dynamodb").describe_table(TableName="live-locks")["Table"]["KeySchema"]
    assert key == {"AttributeName": "LockID", "KeyType": "HASH"}
