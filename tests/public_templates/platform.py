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


def infrastructure(folder: Path, project: Path) -> Path:
    """What the sandbox is started with."""
    (folder / "bootstrap").mkdir(parents=True)
    for file in (project / "infrastructure" / "bootstrap").glob("*.json"):
        text = json.dumps(_EVERYTHING) if file.stem in ("plan", "apply") else file.read_text()
        (folder / "bootstrap" / file.name).write_text(text)
    (folder / "platform.yaml").write_text(PLATFORM)
    (folder / "stack").mkdir()
    (folder / "stack" / "template.json").write_text(_NOTHING)
    return folder
