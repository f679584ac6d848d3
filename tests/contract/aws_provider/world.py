"""What the tests of the stand-in do: write HCL, run terraform on it, look with boto3, compare."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from textwrap import dedent
from typing import Any

import boto3

REGION = "eu-west-1"

HEADER = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}
"""


@dataclass(frozen=True)
class World:
    """Where AWS is, and what leads terraform to the stand-in."""

    endpoint: str
    cli_config: Path


@dataclass(frozen=True)
class Change:
    """What a plan says of one object: the actions, and the top-level attributes that differ."""

    actions: tuple[str, ...]
    attributes: frozenset[str]


@dataclass(frozen=True)
class Root:
    """A folder of HCL, and the account that it is applied to."""

    world: World
    folder: Path
    account: str
    variables: dict[str, str] = field(default_factory=dict)

    @cached_property
    def credentials(self) -> dict[str, str]:
        """Of a role in the account; moto asks nobody who they are."""
        sts = boto3.client(
            "sts",
            region_name=REGION,
            endpoint_url=self.world.endpoint,
            aws_access_key_id="anybody",
            aws_secret_access_key="anybody",
        )
        arn = f"arn:aws:iam::{self.account}:role/anything"
        found = sts.assume_role(RoleArn=arn, RoleSessionName="tests")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": found["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"],
            "AWS_SESSION_TOKEN": found["SessionToken"],
        }

    @cached_property
    def environment(self) -> dict[str, str]:
        """Of the terraform command: nothing about AWS comes from whoever runs the tests."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        return (
            inherited
            | self.credentials
            | self.variables
            | {
                "AWS_REGION": REGION,
                "AWS_ENDPOINT_URL": self.world.endpoint,
                "TF_CLI_CONFIG_FILE": str(self.world.cli_config),
                "TF_IN_AUTOMATION": "1",
                "TF_VAR_account": self.account,
            }
        )

    def client(self, service: str) -> Any:
        """A boto3 client in the account: somebody's hands in the console."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.world.endpoint,
            aws_access_key_id=self.credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=self.credentials["AWS_SESSION_TOKEN"],
        )

    def write(self, hcl: str, provider: str = 'provider "aws" {}') -> Root:
        """Put HCL into main.tf."""
        (self.folder / "main.tf").write_text("\n".join([HEADER, dedent(provider), dedent(hcl)]))
        return self

    def initialised(self) -> Root:
        """The root after `terraform init`."""
        self.run("init")
        return self

    def run(self, *arguments: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run terraform. Anything but the expected exit status fails the test, with what terraform said."""
        asking = arguments[0] in ("init", "plan", "apply", "destroy", "import")
        quietly = ["-no-color", "-input=false"] if asking else []
        command = ["terraform", arguments[0], *quietly, *arguments[1:]]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        said = f"{done.stdout[-3000:]}\n{done.stderr}"
        assert expect in (None, done.returncode), f"{' '.join(command)}: {done.returncode}\n{said}"
        return done

    def apply(self, *arguments: str) -> None:
        """Apply without being asked."""
        self.run("apply", "-auto-approve", *arguments)

    def destroy(self, *arguments: str) -> None:
        """Destroy without being asked."""
        self.run("destroy", "-auto-approve", *arguments)

    def fails(self, *arguments: str) -> str:
        """What terraform says when it fails, in one line: it breaks lines where it likes."""
        return " ".join(self.run(*arguments, expect=1).stderr.split())

    def plan(self, *arguments: str) -> dict[str, Any]:
        """A plan as data."""
        self.run("plan", "-out=planned", *arguments)
        found: dict[str, Any] = json.loads(self.run("show", "-json", "planned").stdout)
        return found

    def changes(self, *arguments: str) -> dict[str, Change]:
        """What a plan would do, by address."""
        return changes_in(self.plan(*arguments).get("resource_changes", []))

    def drift(self, *arguments: str) -> dict[str, Change]:
        """What differs from the state, by address."""
        return changes_in(self.plan("-refresh-only", *arguments).get("resource_drift", []))

    @property
    def state(self) -> dict[str, dict[str, Any]]:
        """The attributes in the state, by address."""
        shown = json.loads(self.run("show", "-json").stdout)
        resources = shown.get("values", {}).get("root_module", {}).get("resources", [])
        return {resource["address"]: resource["values"] for resource in resources}


def changes_in(entries: list[dict[str, Any]]) -> dict[str, Change]:
    """The entries of a plan that change an object."""
    managed = [entry for entry in entries if entry["mode"] == "managed"]
    return {
        entry["address"]: _change(entry["change"]) for entry in managed if entry["change"]["actions"] != ["no-op"]
    }


def _change(change: dict[str, Any]) -> Change:
    before, after = change["before"] or {}, change["after"] or {}
    unknown = {name for name, value in (change["after_unknown"] or {}).items() if value is True}
    differing = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    return Change(tuple(change["actions"]), frozenset(differing | unknown))
