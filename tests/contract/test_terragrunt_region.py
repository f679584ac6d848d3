"""FlowMart's second region, promoted in the sandbox with the real Terragrunt; and a release without it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from deployments.sandbox import Sandbox
from tasks import aws
from tasks.promotion import operations
from tasks.promotion.access import AssumedRoles
from tasks.promotion.executor import LocalExecutor
from tasks.promotion.runtime import Runtime
from tasks.settings import Settings
from tests.doubles.memory_store import MemoryStore
from tests.peers.terragrunts import PROGRAM

pytestmark = pytest.mark.sandbox

ALERTS, CATALOG = "eu-central-1-storefront-alerts", "eu-central-1-storefront-catalog"


@pytest.fixture
def runtime(operator: Sandbox, tmp_path: Path, project: Path) -> Runtime:
    """A repository with FlowMart's second region, and nothing but dev."""
    assert operator.variables["FLOWMART_TERRAGRUNT"] == "none"
    infrastructure = tmp_path / "infrastructure"
    for folder in ("terragrunt", "policies"):
        shutil.copytree(project / "infrastructure" / folder, infrastructure / folder)
    declared = yaml.safe_load((project / "infrastructure/platform.yaml").read_text())
    dev = {key: declared["environments"]["dev"][key] for key in ("account", "region")}
    kept = {"platform": declared["platform"], "environments": {"dev": dev}}
    block = {**declared["terragrunt"], "environments": ["dev"]}
    (infrastructure / "platform.yaml").write_text(yaml.safe_dump({**kept, "terragrunt": block}))
    author = ("-c", "user.name=t", "-c", "user.email=t@flowmart.example")
    for command in (("init", "--quiet"), ("add", "--all"), (*author, "commit", "--quiet", "-m", "The region")):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, timeout=60)
    return Runtime(Settings(platform="flowmart", repository=tmp_path), MemoryStore(), AssumedRoles("tests"))


def released(runtime: Runtime) -> str:
    return runtime.releases().create(runtime.settings.repository, "HEAD", "tester").id


def test_the_second_region_is_promoted_and_stays_where_a_release_is_made_without_terragrunt(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWMART_TERRAGRUNT", PROGRAM)
    whole = released(runtime)
    assert operations.promote(runtime, LocalExecutor(2), whole, "dev") is None
    state = runtime.ledger().state("dev")
    assert {*state.receipts} == {ALERTS, CATALOG}
    here = aws.assume("arn:aws:iam::222222222222:role/flowmart-plan", "eu-central-1", "tests")
    (alarm,) = aws.client("cloudwatch", here).describe_alarms(AlarmNamePrefix="flowmart-dev-storefront")[
        "MetricAlarms"
    ]
    assert alarm["AlarmActions"] == [state.receipts[ALERTS].outputs["topic_arn"]]

    monkeypatch.setenv("FLOWMART_TERRAGRUNT", "none")
    without = released(runtime)
    assert without != whole
    assert operations.promote(runtime, LocalExecutor(2), without, "dev") is None
    said = [entry.body for entry in runtime.ledger().entries("dev") if entry.kind == "units_omitted"]
    assert said == [{"release": without, "why": "FLOWMART_TERRAGRUNT=none when the release was made", "units": []}]
    assert {*runtime.ledger().state("dev").receipts} == {ALERTS, CATALOG}
