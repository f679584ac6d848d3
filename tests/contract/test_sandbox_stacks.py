"""Requests about stacks that AWS refuses or answers in its own way, asked of the sandbox as a user would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deployments.sandbox import Sandbox

pytestmark = pytest.mark.sandbox

STACK = "flowmart-dev-asked"
QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": {"Ref": "Seconds"}}}
SECONDS = {"Seconds": {"Type": "String", "Default": "30"}}


class Stacks:
    """One stack in dev, without tags."""

    def __init__(self, operator: Sandbox) -> None:
        self.client = operator.administrator("dev")
        self.cloudformation = self.client("cloudformation")

    def asked(self, document: Any, kind: str = "UPDATE", name: str = "one", **more: Any) -> str:
        made = self.cloudformation.create_change_set(
            StackName=STACK, ChangeSetName=name, ChangeSetType=kind, TemplateBody=json.dumps(document), **more
        )
        return str(made["Id"])

    def done(self, document: Any, kind: str = "UPDATE", **more: Any) -> str:
        self.cloudformation.execute_change_set(ChangeSetName=self.asked(document, kind, **more))
        return str(self.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"])

    def drifts(self) -> set[str]:
        """The states of the resources that a detection finds."""
        self.cloudformation.detect_stack_drift(StackName=STACK)
        found = self.cloudformation.describe_stack_resource_drifts(StackName=STACK)["StackResourceDrifts"]
        return {each["StackResourceDriftStatus"] for each in found}


@pytest.fixture
def stacks(operator: Sandbox) -> Iterator[Stacks]:
    made = Stacks(operator)
    yield made
    made.cloudformation.delete_stack(StackName=STACK)


def document(**sections: Any) -> dict[str, Any]:
    return {"Parameters": SECONDS, "Resources": {"Q": QUEUE}, **sections}


def given(value: str, **more: Any) -> list[dict[str, Any]]:
    return [{"ParameterKey": "Seconds", "ParameterValue": value, **more}]


def test_a_queue_of_a_stack_without_tags_is_updated(stacks: Stacks) -> None:
    assert stacks.done(document(), "CREATE") == "CREATE_COMPLETE"
    assert stacks.done(document(), Parameters=given("60")) == "UPDATE_COMPLETE"


def test_a_change_set_has_a_name_of_its_own(stacks: Stacks) -> None:
    stacks.asked(document(), "CREATE")
    with pytest.raises(ClientError, match=r"AlreadyExistsException.*ChangeSet \[one\] already exists"):
        stacks.asked(document(), "CREATE")


def test_a_change_set_that_is_requested_again_with_its_token_is_created_once(stacks: Stacks) -> None:
    first = stacks.asked(document(), "CREATE", ClientToken="first")
    assert stacks.asked(document(), "CREATE", ClientToken="first") == first
    with pytest.raises(ClientError, match=r"AlreadyExistsException.*ChangeSet \[one\] already exists"):
        stacks.asked(document(), "CREATE", ClientToken="second")


def test_an_operation_that_is_requested_again_with_its_token_is_carried_out_once(stacks: Stacks) -> None:
    made = stacks.asked(document(), "CREATE")
    for _ in range(2):
        stacks.cloudformation.execute_change_set(ChangeSetName=made, ClientRequestToken="executed")
    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        stacks.cloudformation.execute_change_set(ChangeSetName=made, ClientRequestToken="other")
    with pytest.raises(ClientError, match="TokenAlreadyExistsException"):
        stacks.cloudformation.delete_stack(StackName=STACK, ClientRequestToken="executed")
    events = stacks.cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    [*done, _] = [event.get("ClientRequestToken") for event in events]
    assert {*done} == {"executed"}


def test_a_token_has_the_form_that_aws_wants(stacks: Stacks) -> None:
    with pytest.raises(ClientError, match="'clientRequestToken' failed to satisfy constraint"):
        stacks.cloudformation.delete_stack(StackName=STACK, ClientRequestToken="-a")


def test_a_deleted_stack_is_not_deleted_again(stacks: Stacks) -> None:
    stacks.done(document(), "CREATE")
    [stack] = stacks.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    for _ in range(2):
        stacks.cloudformation.delete_stack(StackName=stack["StackId"])
    events = stacks.cloudformation.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
    assert [event["ResourceStatus"] for event in events].count("DELETE_IN_PROGRESS") == 1


def test_a_value_and_the_previous_one_cannot_both_be_given(stacks: Stacks) -> None:
    stacks.done(document(), "CREATE")
    with pytest.raises(ClientError, match="Invalid input for parameter key Seconds"):
        stacks.asked(document(), Parameters=given("60", UsePreviousValue=True))


def test_the_previous_value_of_a_default_is_the_earlier_default(stacks: Stacks) -> None:
    stacks.done(document(), "CREATE")
    moved = document(Parameters={"Seconds": {"Type": "String", "Default": "60"}})
    previous = [{"ParameterKey": "Seconds", "UsePreviousValue": True}]
    asked = stacks.asked(moved, name="previous", Parameters=previous)
    described = stacks.cloudformation.describe_change_set(ChangeSetName=asked)
    assert "didn't contain changes" in described["StatusReason"]
    assert stacks.done(moved, name="moved") == "UPDATE_COMPLETE"


@pytest.mark.parametrize("policy", ["{", "[]", "{}"])
def test_a_stack_policy_that_is_none_is_refused(stacks: Stacks, policy: str) -> None:
    stacks.done(document(), "CREATE")
    with pytest.raises(ClientError, match="Error validating stack policy: Invalid stack policy"):
        stacks.cloudformation.set_stack_policy(StackName=STACK, StackPolicyBody=policy)


def test_a_change_of_metadata_is_a_change(stacks: Stacks) -> None:
    one, two = ({"Q": {**QUEUE, "Metadata": {"AWS::CloudFormation::Init": {"config": c}}}} for c in ({}, {"x": {}}))
    stacks.done(document(Resources=one), "CREATE")
    made = stacks.asked(document(Resources=two), name="two")
    [change] = stacks.cloudformation.describe_change_set(ChangeSetName=made)["Changes"]
    assert change["ResourceChange"]["Scope"] == ["Metadata"]
    assert change["ResourceChange"]["Replacement"] == "False"
    stacks.cloudformation.execute_change_set(ChangeSetName=made)
    again = stacks.cloudformation.describe_change_set(
        ChangeSetName=stacks.asked(document(Resources=two), name="again")
    )
    assert "didn't contain changes" in again["StatusReason"]


def test_a_stack_policy_can_be_about_a_type(stacks: Stacks) -> None:
    stacks.done(document(), "CREATE")
    allowed = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
    kind = {"StringEquals": {"ResourceType": ["AWS::SQS::Queue"]}}
    policy = {"Statement": [allowed, {**allowed, "Effect": "Deny", "Condition": kind}]}
    stacks.cloudformation.set_stack_policy(StackName=STACK, StackPolicyBody=json.dumps(policy))
    assert stacks.done(document(), Parameters=given("60")) == "UPDATE_ROLLBACK_COMPLETE"


def test_a_tag_may_be_a_number_and_a_reference_is_no_drift(stacks: Stacks) -> None:
    stacks.client("ssm").put_parameter(Name="/asked/plain", Type="String", Value="v", Overwrite=True)
    value = {"Type": "String", "Value": "{{resolve:ssm:/asked/plain}}"}
    tagged = {"Type": "AWS::SQS::Queue", "Properties": {"Tags": [{"Key": "a", "Value": 1}]}}
    stacks.done({"Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": value}, "Q": tagged}}, "CREATE")
    assert stacks.drifts() == {"IN_SYNC"}
    stacks.client("ssm").delete_parameter(Name="/asked/plain")


def test_a_rule_whose_group_is_gone_is_drift_and_can_be_deleted(stacks: Stacks) -> None:
    group = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "one"}}
    ports = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "10.0.0.0/8"}
    rule = {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {"GroupId": {"Ref": "G"}, **ports}}
    stacks.done({"Resources": {"G": group, "R": rule}}, "CREATE")
    found = stacks.cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    [name] = [each["PhysicalResourceId"] for each in found if each["LogicalResourceId"] == "G"]
    stacks.client("ec2").delete_security_group(GroupId=name)
    assert stacks.drifts() == {"DELETED"}
    [stack] = stacks.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    stacks.cloudformation.delete_stack(StackName=STACK)
    [stack] = stacks.cloudformation.describe_stacks(StackName=stack["StackId"])["Stacks"]
    assert stack["StackStatus"] == "DELETE_COMPLETE"


def test_a_fifo_queue_without_a_name_gets_one_that_fits(stacks: Stacks) -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True}}
    assert stacks.done({"Resources": {"Q": queue}}, "CREATE") == "CREATE_COMPLETE"
    [found] = stacks.cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    assert found["PhysicalResourceId"].endswith(".fifo")


def test_a_secret_of_the_systems_manager_is_no_value_of_a_parameter(stacks: Stacks) -> None:
    ssm = stacks.client("ssm")
    ssm.put_parameter(Name="/asked/secret", Type="SecureString", Value="s")
    slots = {"Seconds": {"Type": "AWS::SSM::Parameter::Value<String>"}}
    with pytest.raises(ClientError, match=r"\[/asked/secret\] referenced by template have types not supported"):
        stacks.asked(document(Parameters=slots), "CREATE", Parameters=given("/asked/secret"))
    ssm.delete_parameter(Name="/asked/secret")


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        ({"X": {"Value": "a", "Export": {"Name": {"Ref": "Q"}}}}, "the Name of an Export cannot refer to a resource"),
        ({name: {"Value": "a", "Export": {"Name": "n"}} for name in "XY"}, "the Export n is declared more than once"),
    ],
)
def test_names_of_exports_are_known_and_given_once(stacks: Stacks, outputs: Any, told: str) -> None:
    with pytest.raises(ClientError, match=told):
        stacks.asked(document(Outputs=outputs), "CREATE")


def test_what_is_not_emulated_two_stacks_deep_is_refused_without_being_asked_for(stacks: Stacks) -> None:
    s3, bucket = stacks.client("s3"), "flowmart-dev-asked"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    custom = {"Resources": {"C": {"Type": "Custom::Thing", "Properties": {"ServiceToken": "x"}}}}
    inner, outer = (
        {
            "Type": "AWS::CloudFormation::Stack",
            "Properties": {"TemplateURL": f"https://{bucket}.s3.amazonaws.com/{key}"},
        }
        for key in ("inner", "outer")
    )
    s3.put_object(Bucket=bucket, Key="inner", Body=json.dumps(custom).encode())
    s3.put_object(Bucket=bucket, Key="outer", Body=json.dumps({"Resources": {"N": inner}}).encode())
    with pytest.raises(ClientError, match=r"the sandbox does not emulate Custom::Thing \[C\]"):
        stacks.asked({"Resources": {"N": outer}}, "CREATE")
    for key in ("inner", "outer"):
        s3.delete_object(Bucket=bucket, Key=key)
    s3.delete_bucket(Bucket=bucket)


def test_a_volume_whose_policy_is_snapshot_is_deleted_once_there_is_one(stacks: Stacks) -> None:
    properties = {"AvailabilityZone": "eu-west-1a", "Size": 1}
    volume = {"Type": "AWS::EC2::Volume", "DeletionPolicy": "Snapshot", "Properties": properties}
    stacks.done({"Resources": {"V": volume}}, "CREATE")
    [resource] = stacks.cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    stacks.cloudformation.delete_stack(StackName=STACK)
    ec2, id_ = stacks.client("ec2"), resource["PhysicalResourceId"]
    snapshots = ec2.describe_snapshots(Filters=[{"Name": "volume-id", "Values": [id_]}])["Snapshots"]
    assert [each["VolumeId"] for each in snapshots] == [id_]
    assert id_ not in [each["VolumeId"] for each in ec2.describe_volumes()["Volumes"]]


def test_a_snapshot_that_is_not_emulated_is_refused_at_plan(stacks: Stacks) -> None:
    group = {
        "Type": "AWS::ElastiCache::ReplicationGroup",
        "DeletionPolicy": "Snapshot",
        "Properties": {"ReplicationGroupDescription": "x"},
    }
    with pytest.raises(ClientError, match="does not emulate snapshots of AWS::ElastiCache::ReplicationGroup"):
        stacks.asked({"Resources": {"G": group}}, "CREATE")
