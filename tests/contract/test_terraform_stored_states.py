"""States in S3 that are read from the bucket itself, as `state pull` gives them, and what is left to the tool."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tasks.domain.errors import StalePlan
from tasks.domain.outcome import Outcome
from tasks.engines.base import Workspace
from tasks.engines.terraform import stored_states
from tasks.engines.terraform.backends import DEFAULT, Backend
from tasks.engines.terraform.engine import Terraform
from tests.platforms.terraform_roots import EXECUTABLE, PAINT, TOOL, Root, planned

BUCKET, KEY = "states", "dev/first.tfstate"
BACKEND = """
terraform {{{{
  backend "s3" {{{{
    bucket                      = "states"
    key                         = "dev/first.tfstate"
    region                      = "eu-west-1"
    use_path_style              = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
    {more}
  }}}}
}}}}
"""
PLAIN = Backend("s3", {"bucket": BUCKET, "key": KEY, "region": "eu-west-1"})
STATE = {"version": 4, "lineage": "a", "serial": 0, "resources": [], "outputs": {}}


@dataclass(frozen=True)
class S3:
    """A bucket for states, and what leads there."""

    client: Any
    variables: Mapping[str, str]

    def put(self, content: str) -> None:
        self.client.put_object(Bucket=BUCKET, Key=KEY, Body=content.encode())


@pytest.fixture
def s3() -> Iterator[S3]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_REGION": "eu-west-1"}
    address = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y"
    )
    client.create_bucket(Bucket=BUCKET)
    yield S3(client, {**keys, "AWS_ENDPOINT_URL": address})
    client.delete_object(Bucket=BUCKET, Key=KEY)
    server.stop()


@pytest.fixture
def workspace(tmp_path: Path, s3: S3) -> Workspace:
    """Of a root with its state in the bucket; the commands that its tool is given are in `commands`."""
    return made(tmp_path, s3)


def made(folder: Path, s3: S3, more: str = "") -> Workspace:
    root = Root(folder, variables=lambda: s3.variables)
    binary = folder / TOOL
    binary.write_text(f'#!/bin/sh\necho "$1 $2" >>{folder}/commands\nexec {shutil.which(EXECUTABLE)} "$@"\n')
    binary.chmod(0o755)
    release = root.release(PAINT.format(colour="blue"), backend=BACKEND.format(more=more))
    return replace(release, executable=str(binary))


def commands(folder: Path) -> list[str]:
    return (folder / "commands").read_text().splitlines()


def test_a_plan_is_applied_without_asking_the_tool_for_its_state(
    tmp_path: Path, s3: S3, workspace: Workspace
) -> None:
    applied = Terraform(workspace).apply(planned(workspace))
    state = json.loads(s3.client.get_object(Bucket=BUCKET, Key=KEY)["Body"].read())
    assert applied.outcome is Outcome.SUCCEEDED
    assert (applied.details["lineage"], applied.details["serial"]) == (state["lineage"], state["serial"])
    assert [each.split()[0] for each in commands(tmp_path)] == ["init", "plan", "show", "apply"]


def test_a_state_that_came_in_between_is_noticed_though_its_serial_is_none(s3: S3, workspace: Workspace) -> None:
    plan = planned(workspace)
    s3.put(json.dumps(STATE))
    with pytest.raises(StalePlan, match="planned without a state, it is a/0 now"):
        Terraform(workspace).apply(plan)


def test_a_backend_with_more_settings_is_left_to_the_tool(tmp_path: Path, s3: S3) -> None:
    other = made(tmp_path, s3, more="max_retries = 2")
    assert Terraform(other).apply(planned(other)).details["lineage"]
    assert commands(tmp_path).count("state pull") == 2


def test_what_is_read_is_what_is_there(s3: S3) -> None:
    assert stored_states.read(PLAIN, DEFAULT, s3.variables) == {}
    s3.put(json.dumps(STATE))
    assert stored_states.read(PLAIN, DEFAULT, s3.variables) == STATE


@pytest.mark.parametrize(
    "content", ['{"serial": 1, "lineage": "a", "meta": {}, "encrypted_data": "x"}', '{"version": 3}', "", "[]", "{"]
)
def test_what_is_no_plain_state_is_left_to_the_tool(s3: S3, content: str) -> None:
    s3.put(content)
    assert stored_states.read(PLAIN, DEFAULT, s3.variables) is None


@pytest.mark.parametrize(
    ("backend", "workspace", "more"),
    [
        pytest.param(None, DEFAULT, {}, id="not initialised"),
        pytest.param(replace(PLAIN, kind="gcs"), DEFAULT, {}, id="another backend"),
        pytest.param(PLAIN, "blue", {}, id="another workspace"),
        pytest.param(replace(PLAIN, settings={**PLAIN.settings, "profile": "x"}), DEFAULT, {}, id="a profile"),
        pytest.param(replace(PLAIN, settings={**PLAIN.settings, "key": "a/../b"}), DEFAULT, {}, id="an odd key"),
        pytest.param(replace(PLAIN, settings={"bucket": BUCKET, "key": KEY}), DEFAULT, {}, id="no region"),
        pytest.param(replace(PLAIN, settings={**PLAIN.settings, "bucket": "none"}), DEFAULT, {}, id="no bucket"),
        pytest.param(PLAIN, DEFAULT, {"AWS_PROFILE": "x"}, id="a profile in the environment"),
        pytest.param(PLAIN, DEFAULT, {"AWS_USE_FIPS_ENDPOINT": "true"}, id="something that we do not have"),
        pytest.param(PLAIN, DEFAULT, {"AWS_ACCESS_KEY_ID": ""}, id="no keys"),
        pytest.param(PLAIN, DEFAULT, {"TF_WORKSPACE": "x"}, id="a workspace in the environment"),
        pytest.param(PLAIN, DEFAULT, {"TF_DATA_DIR": "x"}, id="another data folder"),
        pytest.param(PLAIN, DEFAULT, {"AWS_S3_ENDPOINT": "http://127.0.0.1:9"}, id="an endpoint of its own"),
    ],
)
def test_what_the_tool_may_see_otherwise_is_left_to_it(
    s3: S3, backend: Backend | None, workspace: str, more: Mapping[str, str]
) -> None:
    s3.put(json.dumps(STATE))
    assert stored_states.read(backend, workspace, {**s3.variables, **more}) is None
