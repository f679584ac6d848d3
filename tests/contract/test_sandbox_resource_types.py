"""Every type of the sandbox's CloudFormation, in five stacks: made, found unchanged, tagged, and deleted."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployments.sandbox import Sandbox
from deployments.sandbox.aws_server.cloudformation.loading import parsed
from deployments.sandbox.aws_server.cloudformation.resources import KINDS

pytestmark = pytest.mark.sandbox

STACKS = sorted(Path(__file__).with_name("emulated_stacks").glob("*.yaml"))
ELSEWHERE = (
    "Backup",
    "CloudFormation::Stack",
    "Budgets",
    "KMS",
    "SNS",
    "SSM::Parameter",
    "SQS::QueuePolicy",
    "Events::Rule",
    "CloudWatch::Alarm",
)
"""Types that FlowMart's own stacks and the tests of the engine make."""


def test_every_type_is_in_a_stack() -> None:
    used = {body["Type"] for file in STACKS for body in parsed(file.read_text())["Resources"].values()}
    others = {kind for kind in KINDS if kind.removeprefix("AWS::").startswith(ELSEWHERE)}
    assert used | others == set(KINDS)


class Stack:
    """A stack of its own, by an administrator."""

    def __init__(self, client: Any, name: str, text: str) -> None:
        self.client, self.name, self.text = client, f"flowmart-dev-types-{name}", text
        self.id = ""

    def change(self, kind: str, **tags: str) -> list[dict[str, Any]]:
        """Bring the template about with other tags; the changes."""
        made = self.client.create_change_set(
            StackName=self.name,
            ChangeSetName="one",
            ChangeSetType=kind,
            TemplateBody=self.text,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )
        self.id, change_set = made["StackId"], made["Id"]
        found: list[dict[str, Any]] = self.client.describe_change_set(ChangeSetName=change_set)["Changes"]
        self.client.execute_change_set(ChangeSetName=change_set)
        return found

    def failed(self) -> list[str]:
        """What went wrong so far."""
        events = self.client.describe_stack_events(StackName=self.id)["StackEvents"]
        bad = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
        return [f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in bad]

    def drifted(self) -> list[str]:
        """The resources that a detection finds changed, and how."""
        self.client.detect_stack_drift(StackName=self.name)
        found = self.client.describe_stack_resource_drifts(
            StackName=self.name, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"]
        )
        return [
            f"{each['LogicalResourceId']}: {each.get('PropertyDifferences')}" for each in found["StackResourceDrifts"]
        ]


CODE = "flowmart-types-code"


def put_code(s3: Any) -> None:
    """An archive in a bucket, which layers are made of."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("python/shop.py", "pass")
    s3.create_bucket(Bucket=CODE, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=CODE, Key="layer.zip", Body=archive.getvalue())


@pytest.fixture(params=STACKS, ids=lambda file: file.stem)
def stack(request: pytest.FixtureRequest, operator: Sandbox) -> Iterator[Stack]:
    client = operator.administrator("dev")("cloudformation")
    if CODE in request.param.read_text():
        put_code(operator.administrator("dev")("s3"))
    made = Stack(client, request.param.stem, request.param.read_text())
    yield made
    client.delete_stack(StackName=made.name)


def test_a_stack_of_many_types_is_made_changed_and_removed(stack: Stack) -> None:
    stack.change("CREATE", Version="1")
    assert stack.failed() == []
    assert stack.drifted() == []
    changed = {change["ResourceChange"]["LogicalResourceId"] for change in stack.change("UPDATE", Version="2")}
    resources = parsed(stack.text)["Resources"]
    assert changed == {name for name, body in resources.items() if KINDS[body["Type"]].takes_tags}
    assert stack.failed() == []
    assert stack.drifted() == []
    stack.client.delete_stack(StackName=stack.id)
    assert stack.failed() == []
    assert stack.client.describe_stacks(StackName=stack.id)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
