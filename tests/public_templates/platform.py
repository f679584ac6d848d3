"""A platform of one environment and one CloudFormation unit, whose roles may do everything."""

from __future__ import annotations

import json
from pathlib import Path

from tests.public_templates.values import ACCOUNT

ENVIRONMENT = "dev"
REGION = "us-east-1"
"""Where most public templates have their images and certificates."""
PLATFORM = f"""
platform: flowmart
trusted: ["arn:aws:iam::{ACCOUNT}:root"]
environments:
  {ENVIRONMENT}: {{account: "{ACCOUNT}", region: {REGION}}}
units:
  stack:
    engine: cloudformation
    source: stack
    environments: [{ENVIRONMENT}]
"""
_NOTHING = '{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}'
_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def infrastructure(folder: Path) -> Path:
    """What the sandbox is started with."""
    (folder / "bootstrap").mkdir(parents=True)
    for role in ("plan", "apply"):
        (folder / "bootstrap" / f"{role}.json").write_text(json.dumps(_EVERYTHING))
    (folder / "platform.yaml").write_text(PLATFORM)
    (folder / "stack").mkdir()
    (folder / "stack" / "template.json").write_text(_NOTHING)
    return folder
