"""IMPORT change sets of the sandbox: what AWS refuses is refused in its words, and nothing is touched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deployments.sandbox import Sandbox

pytestmark = pytest.mark.sandbox

STACK, NAME, OTHER = "flowmart-dev-imports", "flowmart-dev-imported", "flowmart-dev-imported-2"
QUEUE = {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain", "Properties": {"QueueName": NAME}}
TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "alerts"}}


class Account:
    """A stack that imports in dev, as the administrator asks for it."""

    def __init__(self, operator: Sandbox) -> None:
        self.client = operator.administrator("dev")
        self.stacks = self.client("cloudformation")
        self.queue = str(self.client("sqs").create_queue(QueueName=NAME)["QueueUrl"])

    def asked(self, resources: Any, *wanted: Any, kind: str = "IMPORT", stack: str = STACK, **more: Any) -> str:
        document = {"Resources": resources, **more.pop("document", {})}
        listed = [
            {"LogicalResourceId": name, "ResourceType": type_, "ResourceIdentifier": identifier}
            for name, type_, identifier in wanted
        ]
        given = {"ResourcesToImport": listed} if listed else {}
        made = self.stacks.create_change_set(
            StackName=stack,
            ChangeSetName="one",
            ChangeSetType=kind,
            TemplateBody=json.dumps(document),
            **given,
            **more,
        )
        return str(made["Id"])

    def orders(self) -> tuple[str, str, dict[str, str]]:
        return "Orders", "AWS::SQS::Queue", {"QueueUrl": self.queue}

    def executed(self, change_set: str) -> str:
        stack = self.stacks.describe_change_set(ChangeSetName=change_set)["StackName"]
        self.stacks.execute_change_set(ChangeSetName=change_set)
        return str(self.stacks.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])

    def reason(self, change_set: str) -> str:
        found = self.stacks.describe_change_set(ChangeSetName=change_set)
        assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
        return str(found["StatusReason"])


@pytest.fixture
def account(operator: Sandbox) -> Iterator[Account]:
    made = Account(operator)
    yield made
    for stack in (STACK, f"{STACK}-2"):
        made.stacks.delete_stack(StackName=stack)
    made.client("sqs").delete_queue(QueueUrl=made.queue)


REFUSED = [
    ({"Orders": QUEUE}, [], "Must Provide at least one resource to import"),
    ({"Orders": QUEUE}, ["Orders", "Orders"], "Every resource to import must have unique LogicalResourceId"),
    (
        {"Orders": QUEUE},
        ["Order"],
        "The logical resource ids [Order] provided in ResourceToImport do not exist in the template.",
    ),
    (
        {"Orders": TOPIC},
        ["Orders"],
        "Resource type of [Orders] passed in ResourceToImport does not match with resource type defined in the "
        "template. Resource type in ResourceToImport: AWS::SQS::Queue; Resource type in Template: AWS::SNS::Topic.",
    ),
    (
        {"Orders": QUEUE, "Alerts": TOPIC},
        ["Orders"],
        "Resources [Alerts] is missing from ResourceToImport list",
    ),
    (
        {"Orders": {"Type": "AWS::SQS::Queue"}},
        ["Orders"],
        "The following resources to import [Orders] must have DeletionPolicy attribute specified in the template.",
    ),
]


@pytest.mark.parametrize(("resources", "names", "told"), REFUSED, ids=[told[:40] for _, _, told in REFUSED])
def test_what_aws_refuses_of_an_import(account: Account, resources: Any, names: list[str], told: str) -> None:
    with pytest.raises(ClientError) as refused:
        account.asked(resources, *[(name, *account.orders()[1:]) for name in names])
    assert refused.value.response["Error"] == {"Code": "ValidationError", "Message": told, "Type": "Sender"}


def test_outputs_cannot_be_added_by_an_import(account: Account) -> None:
    with pytest.raises(ClientError, match=r"you cannot modify or add \[Outputs\]"):
        account.asked({"Orders": QUEUE}, account.orders(), document={"Outputs": {"Url": {"Value": "x"}}})


@pytest.mark.parametrize(
    ("kind", "identifier", "told"),
    [
        ("AWS::SQS::Queue", {"QueueName": NAME}, "Expected [QueueUrl]"),
        ("AWS::SQS::QueuePolicy", {"Id": "x"}, "ResourceTypes [AWS::SQS::QueuePolicy] are not supported for Import"),
        ("AWS::Events::Rule", {"Arn": "x"}, "the sandbox does not emulate importing AWS::Events::Rule [Orders]"),
    ],
)
def test_by_what_and_which_types_are_imported(
    account: Account, kind: str, identifier: dict[str, str], told: str
) -> None:
    properties = {"AWS::SQS::QueuePolicy": {"Queues": ["x"], "PolicyDocument": {}}}.get(kind, {})
    body = {"Type": kind, "DeletionPolicy": "Retain", "Properties": properties}
    with pytest.raises(ClientError) as refused:
        account.asked({"Orders": body}, ("Orders", kind, identifier))
    assert told in str(refused.value)


def test_an_import_touches_nothing_else_and_only_once(account: Account) -> None:
    assert account.executed(account.asked({"Alerts": TOPIC}, kind="CREATE")) == "CREATE_COMPLETE"
    changed = {**TOPIC, "Properties": {"DisplayName": "others"}}
    with pytest.raises(ClientError, match=r"You have modified resources \[Alerts\] in your template"):
        account.asked({"Alerts": changed, "Orders": QUEUE}, account.orders())
    both = {"Alerts": TOPIC, "Orders": QUEUE}
    assert account.executed(account.asked(both, account.orders())) == "IMPORT_COMPLETE"
    with pytest.raises(ClientError, match="The template should contain at least one new resource to import"):
        account.asked(both, account.orders())
    with pytest.raises(ClientError, match=r"Resources \[Orders\] passed in ResourceToImport are already in a stack"):
        account.asked({**both, "More": QUEUE}, account.orders(), ("More", *account.orders()[1:]))


def test_what_another_stack_has_cannot_be_imported(account: Account) -> None:
    account.executed(account.asked({"Orders": QUEUE}, account.orders()))
    owner = account.stacks.describe_stacks(StackName=STACK)["Stacks"][0]["StackId"]
    reason = account.reason(account.asked({"Orders": QUEUE}, account.orders(), stack=f"{STACK}-2"))
    assert reason == f"{account.queue} already exists in stack {owner}"


@pytest.mark.parametrize(
    ("kind", "key", "properties", "told"),
    [
        ("AWS::S3::Bucket", "BucketName", {}, "Bucket not found"),
        (
            "AWS::DynamoDB::Table",
            "TableName",
            {
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "BillingMode": "PAY_PER_REQUEST",
            },
            "Table: flowmart-nowhere does not exist.",
        ),
        (
            "AWS::SSM::Parameter",
            "Name",
            {"Type": "String", "Value": "x"},
            "Resource of type 'AWS::SSM::Parameter' with identifier 'flowmart-nowhere' was not found.",
        ),
    ],
)
def test_what_is_not_there_fails_the_change_set(
    account: Account, kind: str, key: str, properties: dict[str, Any], told: str
) -> None:
    body = {"Type": kind, "DeletionPolicy": "Retain", "Properties": properties}
    assert account.reason(account.asked({"A": body}, ("A", kind, {key: "flowmart-nowhere"}))) == told


def test_what_goes_before_it_is_imported_stays_out_of_the_stack(account: Account) -> None:
    asked = account.asked({"Orders": QUEUE}, account.orders())
    account.client("sqs").delete_queue(QueueUrl=account.queue)
    assert account.executed(asked) == "IMPORT_ROLLBACK_COMPLETE"
    assert account.stacks.list_stack_resources(StackName=STACK)["StackResourceSummaries"] == []
    account.queue = str(account.client("sqs").create_queue(QueueName=NAME)["QueueUrl"])


def test_the_events_and_resources_of_an_import_say_so(account: Account) -> None:
    account.executed(account.asked({"Orders": QUEUE}, account.orders()))
    events = account.stacks.describe_stack_events(StackName=STACK)["StackEvents"][::-1]
    assert [(each["LogicalResourceId"], each["ResourceStatus"]) for each in events] == [
        (STACK, "REVIEW_IN_PROGRESS"),
        (STACK, "IMPORT_IN_PROGRESS"),
        ("Orders", "IMPORT_IN_PROGRESS"),
        ("Orders", "IMPORT_COMPLETE"),
        (STACK, "IMPORT_COMPLETE"),
    ]
    [resource] = account.stacks.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    assert (resource["PhysicalResourceId"], resource["ResourceStatus"]) == (account.queue, "IMPORT_COMPLETE")


def test_a_name_that_is_not_written_in_the_template_is_not_found_by_it(account: Account) -> None:
    s3, name = account.client("s3"), "flowmart-dev-found-by-name"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    body = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}
    written, made = (
        {"A": {**body, "Properties": {"BucketName": name}}},
        {"A": {**body, "Properties": {"BucketName": {"Fn::Sub": name}}}},
    )
    for resources, action in ((written, "Import"), (made, "Add")):
        asked = account.asked(resources, kind="CREATE", ImportExistingResources=True)
        changes = account.stacks.describe_change_set(ChangeSetName=asked)["Changes"]
        assert [each["ResourceChange"]["Action"] for each in changes] == [action]
        account.stacks.delete_change_set(ChangeSetName=asked)
    s3.delete_bucket(Bucket=name)


def test_a_change_that_fails_leaves_what_it_imported_by_name(account: Account) -> None:
    s3, name = account.client("s3"), "flowmart-dev-found-by-name"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    kept = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "RetainExceptOnCreate", "Properties": {"BucketName": name}}
    taken = {"Type": "AWS::SQS::Queue", "DependsOn": "A", "Properties": {"QueueName": NAME}}
    asked = account.asked({"A": kept, "B": taken}, kind="CREATE", ImportExistingResources=True)
    assert account.executed(asked) == "ROLLBACK_COMPLETE"
    assert name in [each["Name"] for each in s3.list_buckets()["Buckets"]]
    s3.delete_bucket(Bucket=name)


def test_a_summary_of_a_template_says_by_what_each_type_is_imported(account: Account) -> None:
    template = {"Parameters": {"Secret": {"Type": "String", "NoEcho": True}}, "Resources": {"A": QUEUE, "B": TOPIC}}
    found = account.stacks.get_template_summary(TemplateBody=json.dumps(template))
    assert found["Parameters"] == [{"ParameterKey": "Secret", "ParameterType": "String", "NoEcho": True}]
    assert found["ResourceTypes"] == ["AWS::SNS::Topic", "AWS::SQS::Queue"]
    assert found["ResourceIdentifierSummaries"] == [
        {"ResourceType": "AWS::SQS::Queue", "LogicalResourceIds": ["A"], "ResourceIdentifiers": ["QueueUrl"]},
        {"ResourceType": "AWS::SNS::Topic", "LogicalResourceIds": ["B"], "ResourceIdentifiers": ["TopicArn"]},
    ]
