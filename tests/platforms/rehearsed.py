"""The example of rehearsals: a second release, and one with a nested stack and an image in two regions."""

from __future__ import annotations

from pathlib import Path

from deployments.sandbox import Sandbox
from tests.e2e.test_story import Story
from tests.platforms.example_platforms import EXAMPLES

EXAMPLE = EXAMPLES / "rehearsals"

NESTING = """AWSTemplateFormatVersion: "2010-09-09"
Description: Orders that wait to be sent.
Parameters:
  Environment: {Type: String}
Resources:
  Orders:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: orders.yaml
      Parameters: {Environment: !Ref Environment}
Outputs:
  QueueUrl: {Value: !GetAtt Orders.Outputs.QueueUrl}
"""
OPEN = (
    "packer/image/image.pkr.hcl",
    "kubernetes/base/settings.yaml",
    "chart/values.yaml",
    "ansible/templates/motd.j2",
)
BUCKET = "shop-{environment}-templates-{account}"


def nested(box: Sandbox, folder: Path) -> Story:
    """Its repository with what FlowMart's own platform has none of; the bucket that templates go through is there."""
    made = Story(box, folder, EXAMPLE)
    here = made.repository / "infrastructure"
    stack = here / "cloudformation/orders"
    (stack / "template.yaml").rename(stack / "orders.yaml")
    (stack / "template.yaml").write_text(NESTING)
    _replace(here / "platform.yaml", "inputs: {Environment:", f'inputs: {{template_bucket: "{BUCKET}", Environment:')
    _replace(
        here / "packer/image/image.pkr.hcl", "  region   ", '  ami_regions            = ["us-east-1"]\n  region   '
    )
    made.commit("Nest the orders, and copy the image")
    for name in ("production", "scratch"):
        environment = box.platform.environment(name)
        bucket = BUCKET.format(environment=name, account=environment.account)
        place = {"LocationConstraint": environment.region}
        box.administrator(name)("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    return made


def change(made: Story) -> None:
    """Something else of every tool."""
    orders = made.repository / "infrastructure/cloudformation/orders"
    files = [made.repository / "infrastructure" / path for path in OPEN]
    for file in [*files, *orders.iterdir()]:
        text = file.read_text().replace("open", "closed").replace("1.0.0", "1.1.0")
        file.write_text(text.replace("VisibilityTimeout: 30", "VisibilityTimeout: 60"))
    made.commit("Close")


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text, f"{file}: {old}"
    file.write_text(text.replace(old, new, 1))
