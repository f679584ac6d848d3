"""Promotions of one environment that are started at once, each a process of its own, on a store in a bucket."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import boto3
from moto.server import ThreadedMotoServer

from tests.platforms.mini import MiniPlatform

PROJECT = Path(__file__).resolve().parents[2]
BUSY = 4
NOWHERE = "http://127.0.0.1:1/api"
"""Where no Prefect server is."""
_REGION = "eu-west-1"
_LONGEST = 900.0


@dataclass(frozen=True)
class Ended:
    """How one of the commands ended, and what it said."""

    code: int
    told: str


@contextmanager
def bucket() -> Iterator[Mapping[str, str]]:
    """An AWS of its own with a bucket for the store: the variables that lead there."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": _REGION}
    endpoint = f"http://{host}:{port}"
    # moto keeps its buckets for as long as the process lives, so each use has one of its own.
    name = f"at-once-{uuid4().hex}"
    try:
        place = {"LocationConstraint": _REGION}
        client = boto3.client("s3", endpoint_url=endpoint, **keys)
        client.create_bucket(Bucket=name, CreateBucketConfiguration=place)
        yield {
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_REGION": _REGION,
            "AWS_DEFAULT_REGION": _REGION,
            "AWS_ENDPOINT_URL": endpoint,
            "FLOWMART_STORE": f"s3://{name}",
            "FLOWMART_ACTOR": "tester",
            "FLOWMART_PROFILE": "none",
        }
    finally:
        server.stop()


def promoted(
    mini: MiniPlatform, releases: Sequence[str], variables: Mapping[str, str], *, prefect: str, wait: float
) -> list[Ended]:
    """Promote every release to dev, all at once.

    Args:
        mini: where they were made.
        releases: their ids.
        variables: what leads to the store.
        prefect: the API of a Prefect server; `NOWHERE` for none.
        wait: for how many seconds each waits for its turn (FLOWMART_WAIT).
    """
    more = {"FLOWMART_REPOSITORY": str(mini.repository), "PREFECT_API_URL": prefect, "FLOWMART_WAIT": str(wait)}
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FLOWMART_", "PREFECT_"))
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "deployments.cli", "promote", release, "--to", "dev"],
            env={**own, **variables, **more},
            cwd=PROJECT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for release in releases
    ]
    told = [process.communicate(timeout=_LONGEST)[0] for process in started]
    return [Ended(process.returncode, text) for process, text in zip(started, told, strict=True)]


def overlapping(kinds: Sequence[str]) -> bool:
    """Whether a claim was made while another one was open."""
    turns = [kind for kind in kinds if kind in ("claimed", "closed")]
    return turns != ["claimed", "closed"] * (len(turns) // 2)
