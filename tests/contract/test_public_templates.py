"""The story of `python -m tests.public_templates`, told of small templates of our own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployments.sandbox import Sandbox
from tests.public_templates.platform import ENVIRONMENT, infrastructure
from tests.public_templates.story import End, Story
from tests.public_templates.templates import PublicTemplate
from tests.public_templates.values import Neighbours, neighbours
from tests.servers import sandboxes

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One whose roles may do everything."""
    own = infrastructure(tmp_path_factory.mktemp("public") / "infrastructure")
    with sandboxes.started(own, prefect=False) as started, pytest.MonkeyPatch.context() as patch:
        for name, value in started.variables.items():
            patch.setenv(name, value)
        yield started


@pytest.fixture(scope="module")
def there(sandbox: Sandbox) -> Neighbours:
    return neighbours(sandbox.administrator(ENVIRONMENT))


GROUP = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "one", "VpcId": {"Ref": "Network"}}}
WEB = {
    "Type": "AWS::EC2::Instance",
    "Properties": {
        "ImageId": {"Ref": "Image"},
        "SecurityGroupIds": [{"Ref": "Group"}],
        "KeyName": {"Ref": "Key"},
    },
}
SLOTS = {
    "Network": {"Type": "AWS::EC2::VPC::Id"},
    "Key": {"Type": "AWS::EC2::KeyPair::KeyName"},
    "Image": {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"},
}
KEPT = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {"BucketName": "flowmart-public-kept"}}
TAKEN = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "somebodys"}}


@pytest.mark.parametrize(
    ("name", "parameters", "resources", "end", "why"),
    [
        ("through", SLOTS, {"Web": WEB, "Group": GROUP}, End.THROUGH, ""),
        ("kept", {}, {"It": KEPT, "Q": {"Type": "AWS::SQS::Queue"}}, End.THROUGH, ""),
        ("kept-again", {}, {"It": KEPT, "Q": {"Type": "AWS::SQS::Queue"}}, End.THROUGH, ""),
        ("missing", {}, {"It": {"Type": "Custom::Thing"}}, End.NOT_EMULATED, "Custom::Thing"),
        (
            "refused",
            {},
            {"It": {"Type": "AWS::EC2::Route", "Properties": {}}},
            End.REFUSED,
            "required key [RouteTableId]",
        ),
        ("failed", {}, {"It": TAKEN}, End.FAILED, "already exists by that name"),
    ],
)
def test_a_template_ends_as_it_must_and_leaves_no_stack(
    sandbox: Sandbox,
    there: Neighbours,
    tmp_path: Path,
    name: str,
    parameters: dict[str, Any],
    resources: dict[str, Any],
    end: End,
    why: str,
) -> None:
    document = {"Parameters": parameters, "Resources": resources}
    story = Story(PublicTemplate(name, json.dumps(document), document), sandbox, there, tmp_path / name)
    told = story.told()
    assert told.end is end, told
    assert why in told.why
    stacks = sandbox.administrator(ENVIRONMENT)("cloudformation").describe_stacks()["Stacks"]
    assert story.stack not in [stack["StackName"] for stack in stacks]


def test_the_code_beside_a_serverless_template_goes_with_it(
    sandbox: Sandbox, there: Neighbours, tmp_path: Path
) -> None:
    (tmp_path / "own/src").mkdir(parents=True)
    (tmp_path / "own/src/shop.py").write_text("def run(event, context): return event\n")
    properties = {"CodeUri": "src", "Handler": "shop.run", "Runtime": "python3.12"}
    document = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {"Shop": {"Type": "AWS::Serverless::Function", "Properties": properties}},
    }
    template = PublicTemplate("serverless", json.dumps(document), document, tmp_path / "own")
    told = Story(template, sandbox, there, tmp_path / "serverless").told()
    assert told.end is End.THROUGH, told
