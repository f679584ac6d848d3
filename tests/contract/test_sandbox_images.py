"""Images across the sandbox's accounts: who may use one sees it, and only its owner changes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deployments.sandbox import Sandbox
from tests.platforms.images import SOURCE

pytestmark = pytest.mark.sandbox

USER = {"UserId": "222222222222"}


@pytest.fixture
def owner(sandbox: Sandbox) -> Any:
    return sandbox.administrator("shared")("ec2")


@pytest.fixture
def user(sandbox: Sandbox) -> Any:
    return sandbox.administrator("dev")("ec2")


@pytest.fixture
def image(owner: Any) -> Iterator[str]:
    """An image with a tag that no other image has, shared with dev's account."""
    source = owner.describe_images(Filters=[{"Name": "name", "Values": [SOURCE]}])["Images"][0]["ImageId"]
    instance = owner.run_instances(ImageId=source, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    made: str = owner.create_image(InstanceId=instance, Name="shop")["ImageId"]
    owner.terminate_instances(InstanceIds=[instance])
    owner.create_tags(Resources=[made], Tags=[{"Key": "Shelf", "Value": "shop"}])
    owner.modify_image_attribute(ImageId=made, LaunchPermission={"Add": [USER]})
    yield made
    owner.deregister_image(ImageId=made)


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_who_may_use_an_image_sees_it_without_its_tags(user: Any, image: str) -> None:
    found = user.describe_images(Owners=["111111111111"], Filters=[{"Name": "name", "Values": ["shop"]}])["Images"]
    assert [(each["ImageId"], each["State"], each.get("Tags", [])) for each in found] == [(image, "available", [])]
    assert user.describe_images(Filters=[{"Name": "tag:Shelf", "Values": ["shop"]}])["Images"] == []


def test_others_do_not_see_it(sandbox: Sandbox, image: str) -> None:
    with pytest.raises(ClientError) as error:
        sandbox.administrator("staging")("ec2").describe_images(ImageIds=[image])
    assert code_of(error) == "InvalidAMIID.NotFound"


def test_a_launch_template_starts_instances_from_it(user: Any, image: str) -> None:
    data = {"ImageId": image, "InstanceType": "t3.small"}
    user.create_launch_template(LaunchTemplateName="from-shared", LaunchTemplateData=data)
    asked = {"LaunchTemplate": {"LaunchTemplateName": "from-shared"}, "MinCount": 1, "MaxCount": 1}
    made = user.run_instances(**asked)["Instances"][0]
    user.terminate_instances(InstanceIds=[made["InstanceId"]])
    user.delete_launch_template(LaunchTemplateName="from-shared")
    assert made["ImageId"] == image


def test_once_it_is_not_shared_any_more_it_is_not_there(owner: Any, user: Any, image: str) -> None:
    owner.modify_image_attribute(ImageId=image, LaunchPermission={"Remove": [USER]})
    for ask in (
        lambda: user.describe_images(ImageIds=[image]),
        lambda: user.run_instances(ImageId=image, MinCount=1, MaxCount=1),
    ):
        with pytest.raises(ClientError) as error:
            ask()
        assert code_of(error) == "InvalidAMIID.NotFound"


def test_only_its_owner_may_share_it_or_ask_with_whom_it_is_shared(user: Any, image: str) -> None:
    for ask in (
        lambda: user.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": "333333333333"}]}),
        lambda: user.describe_image_attribute(ImageId=image, Attribute="launchPermission"),
    ):
        with pytest.raises(ClientError) as error:
            ask()
        assert code_of(error) == "AuthFailure"


def test_a_name_is_taken_once_and_an_image_is_made_of_what_its_instance_was(owner: Any, image: str) -> None:
    found = owner.describe_images(ImageIds=[image])["Images"][0]
    assert (found["RootDeviceType"], found["RootDeviceName"]) == ("ebs", "/dev/xvda")
    instance = owner.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    with pytest.raises(ClientError) as error:
        owner.create_image(InstanceId=instance, Name="shop")
    assert code_of(error) == "InvalidAMIName.Duplicate"
    owner.terminate_instances(InstanceIds=[instance])


@pytest.mark.parametrize("environment", ["shared", "dev", "staging", "production"])
def test_debians_image_is_public(sandbox: Sandbox, environment: str) -> None:
    named = [{"Name": "name", "Values": ["debian-12-amd64-20250316-2053"]}]
    ec2 = sandbox.administrator(environment)("ec2")
    assert len(ec2.describe_images(Owners=["136693071363"], Filters=named)["Images"]) == 1
