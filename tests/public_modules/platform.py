"""A platform of one environment and one unit, whose root uses a public module; its states are in the sandbox's S3."""

from __future__ import annotations

import json
from pathlib import Path

from deployments.sandbox.aws_provider.package import VERSION
from tests.platforms.mini import MiniPlatform
from tests.public_modules.modules import ROOTS

ENVIRONMENT = "dev"
ACCOUNT = "222222222222"
PLATFORM = f"""
platform: flowmart
trusted: ["arn:aws:iam::{ACCOUNT}:root"]
environments:
  {ENVIRONMENT}: {{account: "{ACCOUNT}", region: eu-west-1}}
units:
  UNIT:
    engine: terraform
    source: UNIT
    environments: [{ENVIRONMENT}]
    inputs: {{account: "{ACCOUNT}"}}
"""
SHARED = """
terraform {
  required_version = ">= 1.10"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "AWS_VERSION"
    }
    OTHERS
  }
  backend "s3" {
    bucket       = "flowmart-ENVIRONMENT-tfstate-ACCOUNT"
    key          = "UNIT/terraform.tfstate"
    region       = "eu-west-1"
    encrypt      = true
    use_lockfile = true
  }
}
provider "aws" {
  region = "eu-west-1"
}
variable "account" {
  type = string
}
"""
OTHERS = {"rds": 'random = {\n      source  = "hashicorp/random"\n      version = "3.7.2"\n    }'}
"""What a module needs besides; a release has exact versions."""
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def infrastructure(folder: Path) -> Path:
    """What the sandbox is started with: the environment, in whose account both roles may do everything."""
    (folder / "bootstrap").mkdir(parents=True)
    for role in ("plan", "apply"):
        (folder / "bootstrap" / f"{role}.json").write_text(json.dumps(EVERYTHING))
    (folder / "platform.yaml").write_text(PLATFORM.replace("UNIT", "vpc"))
    (folder / "vpc").mkdir()
    (folder / "vpc" / "main.tf").write_text(SHARED)
    return folder


class ModulePlatform(MiniPlatform):
    """The platform in a repository of its own, with a store of its own."""

    def __init__(self, folder: Path, unit: str) -> None:
        super().__init__(folder)
        self.unit = unit
        self.write("platform.yaml", PLATFORM.replace("UNIT", unit))
        names = {
            "UNIT": unit,
            "ENVIRONMENT": ENVIRONMENT,
            "ACCOUNT": ACCOUNT,
            "AWS_VERSION": VERSION,
            "OTHERS": OTHERS.get(unit, ""),
        }
        shared = SHARED
        for name, value in names.items():
            shared = shared.replace(name, value)
        self.write(f"{unit}/shared.tf", shared)

    def version(self, number: int) -> str:
        """A release of the root, which differs from others in the value of a tag; its id."""
        root = (ROOTS / f"{self.unit}.tf").read_text()
        self.write(f"{self.unit}/main.tf", root.replace("VERSION", str(number)))
        return self.release(f"version {number}").id

    def nothing(self) -> str:
        """A release of the root without any object; its id."""
        self.write(f"{self.unit}/main.tf", "")
        return self.release("nothing").id
