"""Starting and stopping a whole sandbox with real processes: what is started once, restarted, left alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError

from deployments import processes
from deployments import sandbox as sandboxes
from deployments.profile import activate
from deployments.sandbox import Sandbox
from deployments.sandbox.layout import SandboxLayout
from tasks.bootstrap import policies

pytestmark = pytest.mark.sandbox


class Place:
    """A sandbox of a test's own, and what it reported."""

    def __init__(self, root: Path, infrastructure: Path) -> None:
        self.root, self.infrastructure, self.said = root, infrastructure, list[str]()

    def up(self) -> Sandbox:
        self.said.clear()
        where = self.infrastructure
        without = {"prefect": False, "prometheus": False, "opensearch": False}
        return sandboxes.up(self.root, self.said.append, infrastructure=where, **without)

    def down(self) -> None:
        sandboxes.down(self.root, self.said.append)

    def pids(self) -> dict[str, int | None]:
        return {part.name: part.pid for part in sandboxes.status(self.root)}

    def kill(self, name: str) -> None:
        pid = self.pids()[name]
        assert pid
        os.kill(pid, signal.SIGKILL)
        psutil.Process(pid).wait(10)


def a_place(project: Path) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="flowmart-") as folder:
        place = Place(Path(folder), project / "infrastructure")
        yield place
        place.down()


@pytest.fixture
def place(project: Path) -> Iterator[Place]:
    """A place where nothing runs yet."""
    yield from a_place(project)


@pytest.fixture(scope="module")
def shared_place(project: Path) -> Iterator[Place]:
    """A place that several tests use one after the other: what they find running there is not theirs to stop."""
    yield from a_place(project)


def test_up_twice_starts_nothing_again(shared_place: Place) -> None:
    place = shared_place
    place.up()
    first = place.pids()
    place.up()
    assert place.said == [
        "aws runs already",
        "provider runs already",
        "kubernetes runs already",
        "hosts runs already",
    ]
    assert place.pids() == first
    started = {"aws", "provider", "kubernetes", "hosts"}
    assert {part.name for part in sandboxes.status(place.root) if part.healthy} == started


def test_down_ends_everything_and_the_next_up_is_at_the_same_address(place: Place) -> None:
    endpoint, pids = place.up().aws_endpoint, place.pids()
    place.down()
    assert set(place.pids().values()) == {None}
    assert not [pid for pid in pids.values() if pid and psutil.pid_exists(pid)]
    assert not SandboxLayout(place.root).profile.exists()
    assert place.up().aws_endpoint == endpoint


def test_a_dead_provider_is_started_again_and_nothing_is_lost(shared_place: Place) -> None:
    sandbox = shared_place.up()
    vpc = sandbox.administrator("dev")("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    shared_place.kill("provider")
    shared_place.up()
    assert shared_place.said == [
        "aws runs already",
        "provider starting",
        "kubernetes runs already",
        "hosts runs already",
    ]
    assert sandbox.administrator("dev")("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"]


def test_a_dead_aws_means_to_start_from_scratch_and_says_so(place: Place) -> None:
    sandbox = place.up()
    store = Path(sandbox.variables["FLOWMART_STORE"])
    store.mkdir()
    (store / "entry").write_text("built something")
    place.kill("aws")

    place.up()

    assert "so its resources are gone: starting from scratch" in place.said[0]
    kept = Path(place.said[1].removeprefix("the old store is kept in "))
    assert (kept / "entry").read_text() == "built something"
    assert not store.exists()
    assert "accounts prepared: shared, dev, staging, production" in place.said


def test_an_environment_or_a_policy_that_is_new_is_prepared_by_the_next_up(place: Place, tmp_path: Path) -> None:
    shutil.copytree(place.infrastructure, tmp_path / "infrastructure", ignore=shutil.ignore_patterns(".terraform"))
    place.infrastructure = tmp_path / "infrastructure"
    before = place.up()
    policy, default = place.infrastructure / "bootstrap" / "plan.json", policies.DEFAULTS / "plan.json"
    policy.parent.mkdir()
    policy.write_text(default.read_text().replace('"sns:List*"', '"sns:List*", "sqs:List*"'))

    after = place.up()

    assert after.variables == before.variables
    found = after.administrator("dev")("iam").get_role_policy(RoleName="flowmart-plan", PolicyName="flowmart")
    assert "sqs:List*" in found["PolicyDocument"]["Statement"][0]["Action"]
    assert place.said[-1] == "accounts prepared: shared, dev, staging, production"
    with pytest.raises(ClientError, match="AccessDenied"):
        operator_of(after)("iam").list_roles()


def test_a_repository_of_somebody_else_is_prepared_as_it_is(place: Place, tmp_path: Path) -> None:
    """It trusts people who are not here, has a role, a region and a bucket of its own, and no policies."""
    root = tmp_path / "envs" / "dev"
    root.mkdir(parents=True)
    (root / "main.tf").write_text(THEIR_ROOT)
    place.infrastructure = tmp_path / "infrastructure"
    place.infrastructure.mkdir()
    (place.infrastructure / "platform.yaml").write_text(THEIRS)

    box = place.up()

    operator = operator_of(box)
    key = operator("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/ci/deploy", RoleSessionName="it")
    found = key["Credentials"]
    words = found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]
    s3: Any = boto3.Session(*words, region_name="eu-central-1").client("s3", endpoint_url=box.aws_endpoint)
    s3.put_object(Bucket="acme-states", Key="app.tfstate", Body=b"{}")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_bucket(Bucket="acme-states")


ACCOUNT = "555555555555"
THEIRS = f"""
platform: acme
paths: [envs]
trusted: ["arn:aws:iam::999999999999:role/their-ci"]
environments:
  nowhere: {{}}
  dev:
    account: "{ACCOUNT}"
    region: eu-central-1
    roles: {{apply: "arn:aws:iam::{ACCOUNT}:role/ci/deploy"}}
units:
  app: {{engine: terraform, source: "envs/{{environment}}", environments: [dev]}}
"""
THEIR_ROOT = """
terraform {
  backend "s3" {
    bucket = "acme-states"
    key    = "app.tfstate"
    region = "eu-central-1"
  }
}
"""


def test_a_lock_file_of_the_real_provider_is_named_with_what_to_do(shared_place: Place, tmp_path: Path) -> None:
    copy = tmp_path / "infrastructure"
    shutil.copytree(shared_place.infrastructure, copy, ignore=shutil.ignore_patterns(".terraform"))
    lock = copy / ".terraform.lock.hcl"
    lock.write_text('provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.31.0"\n}\n')
    place = Place(shared_place.root, copy)
    place.up()
    assert place.said[0].startswith(f"{lock}: it locks hashicorp/aws 5.31.0")


def operator_of(sandbox: Sandbox) -> Callable[[str], Any]:
    """Clients that act as the operator."""
    key = sandbox.variables["AWS_ACCESS_KEY_ID"], sandbox.variables["AWS_SECRET_ACCESS_KEY"]
    session: Any = boto3.Session(*key, region_name="eu-west-1")
    return lambda service: session.client(service, endpoint_url=sandbox.aws_endpoint)


def test_a_stranger_with_an_id_that_was_ours_is_left_alone(place: Place) -> None:
    layout = SandboxLayout(place.root.resolve())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        layout.records.mkdir(parents=True)
        record = {"name": "aws", "pid": stranger.pid, "started": 1.0, "port": 1}
        (layout.records / "aws.json").write_text(json.dumps(record))
        place.down()
        assert stranger.poll() is None
        assert place.pids()["aws"] is None
        stranger.communicate(b"\n")


def test_a_process_that_does_not_end_gently_is_killed(place: Place) -> None:
    layout = SandboxLayout(place.root.resolve())
    layout.folder.mkdir(parents=True)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    process = processes.start(layout, "aws", [sys.executable, "-c", deaf], None, {})
    while "deaf" not in processes.log_of(layout, "aws").read_text():
        assert process.alive
    processes.end(layout, process, gently=0.1)
    assert not process.alive


def test_the_profile_leads_there_and_only_its_owner_reads_it(shared_place: Place) -> None:
    place = shared_place
    sandbox, environ = place.up(), {"AWS_PROFILE": "real"}
    assert activate(place.root, environ) == "sandbox"
    assert environ == dict(sandbox.variables)
    for file in (SandboxLayout(place.root).profile, SandboxLayout(place.root).accounts):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_processes_do_not_see_the_users_accounts(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "real")
    monkeypatch.setenv("PREFECT_API_KEY", "real")
    place.up()
    for pid in filter(None, place.pids().values()):
        assert "real" not in psutil.Process(pid).environ().values()
