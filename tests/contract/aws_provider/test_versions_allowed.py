"""`FLOWMART_SANDBOX_PROVIDER=real` with a source that nobody has looked into: what init got from it is checked."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from deployments.sandbox.aws_provider.install import install, platform_name, provider_variables
from tasks.domain.errors import FlowmartError, Refused
from tasks.domain.release import Inputs
from tasks.engines.base import Workspace
from tasks.engines.terraform.engine import Terraform
from tests.platforms import terraform_roots

CODE = """
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"%s
    }
  }
}
resource "aws_sns_topic" "orders" {}
"""


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A real provider in the user's own mirror, in versions that look alike; the file that it leaves once started."""
    folder = tmp_path / "own" / "registry.terraform.io" / "hashicorp" / "aws"
    folder.mkdir(parents=True)
    for version in ("5.31.0", "6.1.0"):
        with zipfile.ZipFile(folder / f"terraform-provider-aws_{version}_{platform_name()}.zip", "w") as packed:
            entry = zipfile.ZipInfo(f"terraform-provider-aws_v{version}")
            entry.external_attr = 0o100755 << 16
            packed.writestr(entry, f'#!/bin/sh\ntouch "{tmp_path}/started-$(basename "$0")"\nexit 1\n')
    mirror = f'provider_installation {{\n  filesystem_mirror {{\n    path = "{tmp_path / "own"}"\n  }}\n}}\n'
    (tmp_path / "own.tfrc").write_text(mirror)
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "own.tfrc"))
    monkeypatch.setenv("FLOWMART_SANDBOX_PROVIDER", "real")
    for name, value in provider_variables(install(tmp_path / "mirror", None)).items():
        monkeypatch.setenv(name, value)
    return tmp_path


def release(folder: Path, constraint: str) -> Workspace:
    return terraform_roots.Root(folder).release(CODE % constraint)


def test_a_version_that_would_call_the_real_aws_is_refused_before_it_runs(started: Path) -> None:
    workspace = release(started, '\n      version = "~> 5.0"')
    with pytest.raises(Refused, match=r"init installed hashicorp/aws 5\.31\.0, and .* allows >= 6\.0 only"):
        Terraform(workspace).plan(Inputs())
    assert not list(started.glob("started-*"))


def test_one_that_obeys_runs(started: Path) -> None:
    workspace = release(started, "")
    with pytest.raises(FlowmartError, match="plugin"):
        Terraform(workspace).plan(Inputs())
    assert [file.name for file in started.glob("started-*")] == ["started-terraform-provider-aws_v6.1.0"]
