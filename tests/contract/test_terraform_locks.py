"""Locks in S3 that terraform leaves behind when answers are lost or it is killed: released when nobody is at work."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from aiohttp import web
from moto.server import ThreadedMotoServer

from tasks.domain.errors import Unanswered
from tasks.domain.outcome import Outcome, Progress
from tasks.engines.base import Workspace
from tasks.engines.terraform import commands
from tasks.engines.terraform.engine import Terraform
from tests.faults.proxy import Fault, FaultProxy
from tests.platforms.terraform_roots import EXECUTABLE, PAINT, TOOL, Root, planned

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_REGION": "eu-west-1"}
BACKEND = """
terraform {{{{
  backend "s3" {{{{
    bucket                      = "states"
    key                         = "{key}"
    region                      = "eu-west-1"
    use_lockfile                = true
    max_retries                 = 2
    use_path_style              = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
    endpoints                   = {{{{ s3 = "{address}" }}}}
  }}}}
}}}}
"""
WAITS = """
resource "terraform_data" "slow" {{
  provisioner "local-exec" {{ command = "touch {folder}/begun; sleep 600" }}
}}
"""


class LockLosingProxy(FaultProxy):
    """Loses requests about the lock alone.

    Attributes:
        lost: {method: the faults that its next requests meet}.
    """

    def __init__(self, upstream: str) -> None:
        super().__init__(upstream)
        self.lost: dict[str, list[Fault]] = {}

    def _fault(self, request: web.BaseRequest, body: bytes) -> Fault | None:
        left = self.lost.get(request.method) if ".tflock" in request.raw_path else None
        return left.pop(0) if left else None


@pytest.fixture
def s3() -> Iterator[LockLosingProxy]:
    """An S3 with a bucket for states, behind a proxy."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with LockLosingProxy(f"http://{host}:{port}") as proxy:
        client = boto3.client(
            "s3",
            endpoint_url=proxy.upstream,
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="y",
        )
        client.create_bucket(Bucket="states")
        yield proxy
    server.stop()


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path, variables=lambda: CREDENTIALS)


def claimed(root: Root, s3: FaultProxy, code: str = "") -> Workspace:
    """A release with its state in S3, under a claim that is open since now."""
    backend = BACKEND.format(key=root.folder.name, address=s3.address)
    made = root.release(PAINT.format(colour="blue") + code, backend=backend)
    return replace(made, claimed=datetime.now(UTC))


def test_an_apply_that_could_not_release_its_lock_is_observed_done(root: Root, s3: LockLosingProxy) -> None:
    workspace = claimed(root, s3)
    plan = planned(workspace)
    s3.lost = {"DELETE": [Fault(False, 503)] * 2}
    assert Terraform(workspace).apply(plan).outcome is Outcome.UNANSWERED
    assert s3.lost == {"DELETE": []}
    seen = Terraform(workspace).observe(plan)
    assert (seen.progress, seen.outputs) == (Progress.DONE, {"colour": "blue"})


def test_an_observation_whose_lock_was_made_without_an_answer_releases_it(root: Root, s3: LockLosingProxy) -> None:
    workspace = claimed(root, s3)
    plan = planned(workspace)
    s3.lost = {"PUT": [Fault(True, 500)]}
    assert Terraform(workspace).observe(plan).progress is Progress.UNCHANGED
    assert Terraform(workspace).apply(plan).outcome is Outcome.SUCCEEDED


@pytest.fixture
def killed(root: Root, s3: LockLosingProxy) -> Iterator[tuple[Workspace, subprocess.Popen[bytes]]]:
    """A workspace, and an apply in it that waits to be killed, as does all that it started."""
    workspace = claimed(root, s3, WAITS.format(folder=root.folder))
    planned(workspace)
    variables: Mapping[str, str] = {**os.environ, **CREDENTIALS}
    process = subprocess.Popen(
        commands.apply(EXECUTABLE),
        cwd=workspace.folder,
        env=variables,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    _wait_for(root.folder / "begun")
    yield workspace, process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_the_lock_of_a_terraform_that_was_killed_is_released_once_it_has_ended(
    killed: tuple[Workspace, subprocess.Popen[bytes]],
) -> None:
    workspace, process = killed
    plan = planned(workspace)
    with pytest.raises(Unanswered, match="The state is locked by"):
        Terraform(workspace).observe(plan)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert Terraform(workspace).observe(plan).progress is Progress.UNCHANGED


def test_a_lock_from_before_the_claim_stays_though_its_terraform_has_ended(
    killed: tuple[Workspace, subprocess.Popen[bytes]],
) -> None:
    workspace, process = killed
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    later = replace(workspace, claimed=datetime.now(UTC))
    plan = planned(later)
    for _ in range(2):
        with pytest.raises(Unanswered, match=f"If that run is over: {TOOL}"):
            Terraform(later).observe(plan)


def _wait_for(file: Path) -> None:
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline, f"{file.name} is not there"
        time.sleep(0.05)
