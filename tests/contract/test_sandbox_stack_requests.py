"""Requests about stacks that AWS answers in a form of its own, or refuses: pages, capabilities, deletions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.test_sandbox_stacks import STACK, Stacks, stacks
from tests.platforms.colours import import_export

__all__ = ["stacks"]

pytestmark = pytest.mark.sandbox

TOPIC = {"Type": "AWS::SNS::Topic"}


def test_what_is_long_comes_in_pages(stacks: Stacks) -> None:
    many = {f"T{number}": TOPIC for number in range(101)}
    stacks.asked({"Resources": many}, "CREATE")
    client = stacks.cloudformation
    first = client.describe_change_set(StackName=STACK, ChangeSetName="one")
    assert (len(first["Changes"]), "NextToken" in first) == (100, True)
    client.execute_change_set(StackName=STACK, ChangeSetName="one")
    first = client.describe_stack_events(StackName=STACK)
    rest = client.describe_stack_events(StackName=STACK, NextToken=first["NextToken"])
    assert (len(first["StackEvents"]), len(rest["StackEvents"])) == (100, 100)
    assert len(client.list_stack_resources(StackName=STACK)["StackResourceSummaries"]) == 100
    found = client.get_paginator("describe_stack_events").paginate(StackName=STACK).build_full_result()
    assert len({event["EventId"] for event in found["StackEvents"]}) == 2 * 101 + 3


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"RoleARN": "arn:aws:iam::222222222222:role/deployer"}, "RoleARN"),
        ({"OnStackFailure": "DELETE", "NotificationARNs": ["a"]}, "NotificationARNs, OnStackFailure"),
        ({"RollbackConfiguration": {"MonitoringTimeInMinutes": 5}}, "RollbackConfiguration"),
    ],
)
def test_what_would_be_ignored_is_refused(stacks: Stacks, more: dict[str, Any], told: str) -> None:
    with pytest.raises(ClientError, match=f"the sandbox does not emulate {told} of create_change_set"):
        stacks.asked({"Resources": {"T": TOPIC}}, "CREATE", **more)


def test_stack_sets_are_refused(stacks: Stacks) -> None:
    with pytest.raises(ClientError, match="the sandbox does not emulate create_stack_set"):
        stacks.cloudformation.create_stack_set(StackSetName="all", TemplateBody="{}")


TRUST = {"Version": "2012-10-17", "Statement": []}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}
ASSUMED = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
INLINE = {
    "Type": "AWS::IAM::Policy",
    "Properties": {"PolicyName": "own", "PolicyDocument": TRUST, "Roles": [{"Ref": "Role"}]},
}
KEY = {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": {"Ref": "User"}}}
USER = {"Type": "AWS::IAM::User", "Properties": {"UserName": "flowmart-dev-asked"}}


@pytest.mark.parametrize(
    ("resources", "given", "told"),
    [
        ({"Role": ROLE, "Policy": INLINE}, ["CAPABILITY_IAM"], ""),
        ({"User": {"Type": "AWS::IAM::User"}, "Key": KEY}, ["CAPABILITY_IAM"], ""),
        ({"User": USER}, ["CAPABILITY_IAM"], r"\[CAPABILITY_NAMED_IAM\]"),
        ({"User": USER}, ["CAPABILITY_NAMED_IAM"], ""),
        ({"Role": ROLE}, [], r"\[CAPABILITY_IAM\]"),
    ],
)
def test_only_what_gets_a_name_of_the_account_needs_the_capability_of_names(
    stacks: Stacks, resources: dict[str, Any], given: list[str], told: str
) -> None:
    if not told:
        assert stacks.asked({"Resources": resources}, "CREATE", Capabilities=given)
        return
    with pytest.raises(ClientError, match=f"Requires capabilities : {told}"):
        stacks.asked({"Resources": resources}, "CREATE", Capabilities=given)


def test_a_deletion_goes_on_without_what_cannot_be_deleted(stacks: Stacks) -> None:
    bucket = "flowmart-dev-asked-files"
    files = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}, "DependsOn": "Needed"}
    resources = {"Needed": TOPIC, "Other": TOPIC, "Files": files}
    stacks.done({"Resources": resources}, "CREATE")
    s3, client = stacks.client("s3"), stacks.cloudformation
    s3.put_object(Bucket=bucket, Key="a", Body=b"")
    with pytest.raises(ClientError, match="not in DELETE_FAILED state"):
        client.delete_stack(StackName=STACK, RetainResources=["Files"])
    client.delete_stack(StackName=STACK)
    left = client.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    assert {each["LogicalResourceId"]: each["ResourceStatus"] for each in left} == {
        "Needed": "CREATE_COMPLETE",
        "Files": "DELETE_FAILED",
    }
    client.delete_stack(StackName=STACK, RetainResources=["Files"])
    assert STACK not in [each["StackName"] for each in client.describe_stacks()["Stacks"]]
    s3.delete_object(Bucket=bucket, Key="a")
    s3.delete_bucket(Bucket=bucket)


def test_what_is_gone_with_what_it_was_part_of_is_deleted(stacks: Stacks) -> None:
    role = {**ROLE, "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [ASSUMED]}}}
    code = {"Runtime": "python3.12", "Handler": "index.a", "Code": {"ZipFile": "a = print"}}
    function = {"Type": "AWS::Lambda::Function", "Properties": {**code, "Role": {"Fn::GetAtt": ["Role", "Arn"]}}}
    allowed = {"FunctionName": {"Ref": "F"}, "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com"}
    resources = {"Role": role, "F": function, "P": {"Type": "AWS::Lambda::Permission", "Properties": allowed}}
    stacks.done({"Resources": resources}, "CREATE", Capabilities=["CAPABILITY_IAM"])
    listed = stacks.cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    (name,) = (each["PhysicalResourceId"] for each in listed if each["LogicalResourceId"] == "F")
    stacks.client("lambda").delete_function(FunctionName=name)
    stacks.cloudformation.delete_stack(StackName=STACK)
    assert STACK not in [each["StackName"] for each in stacks.cloudformation.describe_stacks()["Stacks"]]


def test_a_deletion_that_an_export_prevents_leaves_the_stack_as_it_was(stacks: Stacks) -> None:
    client = stacks.cloudformation
    outputs = {"Arn": {"Value": {"Ref": "T"}, "Export": {"Name": "asked-arn"}}}
    stacks.done({"Resources": {"T": TOPIC}, "Outputs": outputs}, "CREATE")
    import_export(client, "flowmart-dev-asking", "asked-arn")
    client.delete_stack(StackName=STACK)
    [stack] = client.describe_stacks(StackName=STACK)["Stacks"]
    told = "Export asked-arn cannot be deleted as it is in use by flowmart-dev-asking"
    assert (stack["StackStatus"], stack["StackStatusReason"]) == ("CREATE_COMPLETE", told)
    client.delete_stack(StackName="flowmart-dev-asking")


QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": {"Ref": "P"}}}


def one_parameter(resource: dict[str, Any], **slot: Any) -> dict[str, Any]:
    return {"Parameters": {"P": {"Type": "String", **slot}}, "Resources": {"R": resource}}


def test_a_number_that_is_written_as_text_is_the_number(stacks: Stacks) -> None:
    assert stacks.done(one_parameter(QUEUE, Default="030"), "CREATE") == "CREATE_COMPLETE"
    assert stacks.drifts() == {"IN_SYNC"}


def test_a_parameter_of_the_systems_manager_that_is_not_there_is_refused(stacks: Stacks) -> None:
    document = one_parameter(TOPIC, Type="AWS::SSM::Parameter::Name", Default="/nobodys")
    stacks.asked(document, "CREATE")
    found = stacks.cloudformation.describe_change_set(StackName=STACK, ChangeSetName="one")
    told = "Parameter validation failed: parameter value /nobodys for parameter name P does not exist"
    assert (found["Status"], found["StatusReason"]) == ("FAILED", told)


@pytest.mark.parametrize(("hidden", "shown"), [("true", "****"), (True, "****"), ("false", "seen"), (False, "seen")])
def test_what_is_not_echoed_is_hidden_and_nothing_else(stacks: Stacks, hidden: Any, shown: str) -> None:
    stacks.done(one_parameter(TOPIC, Default="seen", NoEcho=hidden), "CREATE")
    [stack] = stacks.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    assert stack["Parameters"] == [{"ParameterKey": "P", "ParameterValue": shown}]


def test_a_stack_names_the_change_set_that_made_it(stacks: Stacks) -> None:
    made = stacks.asked({"Resources": {"T": TOPIC}}, "CREATE")
    client = stacks.cloudformation
    assert "ChangeSetId" not in client.describe_stacks(StackName=STACK)["Stacks"][0]
    client.execute_change_set(ChangeSetName=made)
    assert client.describe_stacks(StackName=STACK)["Stacks"][0]["ChangeSetId"] == made


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny", "Action": "Update:*", "Principal": "*"},
        {"Effect": "Deny", "Action": "Update:All", "Principal": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "Update:*", "Principal": "arn:aws:iam::222222222222:root", "Resource": "*"},
    ],
)
def test_a_statement_that_no_stack_policy_can_have_is_refused(stacks: Stacks, statement: dict[str, str]) -> None:
    stacks.done({"Resources": {"T": TOPIC}}, "CREATE")
    policy = json.dumps({"Statement": [statement]})
    with pytest.raises(ClientError, match="Error validating stack policy: Invalid stack policy"):
        stacks.cloudformation.set_stack_policy(StackName=STACK, StackPolicyBody=policy)
