"""The cloudformation engine on stacks that somebody else left in a state of their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import pytest

from tasks.domain.errors import Refused
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Action, Plan, Reversibility
from tasks.domain.release import Receipt
from tests.platforms.colours import ALERTS, BAD, GOOD, ORDERS, STACK, Colours, import_export, template

pytestmark = pytest.mark.sandbox

VOLUME = {
    "Type": "AWS::EC2::Volume",
    "DeletionPolicy": "Snapshot",
    "Properties": {"AvailabilityZone": "eu-west-1a", "Size": 1},
}


NESTED = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "inner.json"}}
QUEUE = {"Type": "AWS::SQS::Queue"}
TAGS = {"Environment": "dev", "Unit": "colours", "ManagedBy": "cloudformation"}


def made_by_hand(colours: Colours, document: Mapping[str, Any]) -> None:
    """Create the unit's stack with an administrator's rights."""
    client = colours.administrator("cloudformation")
    made = client.create_change_set(
        StackName=STACK,
        ChangeSetName="by-hand",
        ChangeSetType="CREATE",
        TemplateBody=json.dumps(document, indent=1),
        Tags=[{"Key": key, "Value": value} for key, value in TAGS.items()],
    )
    client.execute_change_set(ChangeSetName=made["Id"])


def planned(plan: Plan) -> dict[str, Action]:
    return {change.address: change.action for change in plan.changes}


def files(colours: Colours, policy: str = "Delete") -> dict[str, Any]:
    name = f"flowmart-dev-files-{colours.dev.account}"
    return {"Type": "AWS::S3::Bucket", "DeletionPolicy": policy, "Properties": {"BucketName": name}}


def test_what_a_failed_delete_left_is_part_of_the_plan_that_deletes_it(colours: Colours) -> None:
    bucket, s3 = files(colours), colours.administrator("s3")
    name = bucket["Properties"]["BucketName"]
    colours.promoted(colours.release("one", template(Files=bucket, Orders=ORDERS)))
    s3.put_object(Bucket=name, Key="invoice", Body=b"1")
    colours.administrator("cloudformation").delete_stack(StackName=STACK)
    assert colours.stack["StackStatus"] == "DELETE_FAILED"
    two = colours.release("two", template(Files=bucket, Orders=ORDERS, Alerts=ALERTS))
    plan = colours.plan(two)
    assert planned(plan) == {"Orders": Action.CREATE, "Files": Action.REPLACE, "Alerts": Action.CREATE}
    assert plan.reversibility is Reversibility.IRREVERSIBLE
    assert plan.warnings == (f"stack {STACK} is DELETE_FAILED: it is deleted first",)
    gone = colours.plan(colours.release("three", template(Orders=ORDERS)))
    assert planned(gone) == {"Files": Action.DELETE, "Orders": Action.CREATE}
    s3.delete_object(Bucket=name, Key="invoice")
    assert colours.applied(plan).outcome is Outcome.SUCCEEDED
    assert colours.verified(two) is Outcome.SUCCEEDED


def test_a_resource_that_is_deleted_after_a_snapshot_is_deleted(colours: Colours) -> None:
    document = {"Resources": {"Disk": VOLUME}}
    made_by_hand(colours, document)
    back = colours.rollback(colours.release("one", document), None)
    assert planned(back) == {"Disk": Action.DELETE}
    assert back.reversibility is Reversibility.NEEDS_CARE
    (told,) = back.warnings
    assert told.endswith("is deleted once there is a snapshot of it: DeletionPolicy Snapshot")


def test_a_policy_that_a_function_gives_is_the_policy(colours: Colours) -> None:
    document = template(Orders={**ORDERS, "DeletionPolicy": {"Ref": "Fate"}}, Alerts=ALERTS)
    document |= {"Transform": "AWS::LanguageExtensions"}
    document["Parameters"]["Fate"] = {"Type": "String", "Default": "Delete"}
    one = colours.release("one", document)
    colours.promoted(one)
    assert planned(colours.rollback(one, None)) == {"Orders": Action.DELETE, "Alerts": Action.DELETE}


def test_a_stack_that_is_stuck_is_drift(colours: Colours) -> None:
    receipt = colours.promoted(colours.release("one", template(Orders=ORDERS), Seconds=GOOD))
    colours.administrator("sqs").delete_queue(QueueUrl=colours.stack["Outputs"][0]["OutputValue"])
    colours.apply(colours.release("two", template(Orders=ORDERS), Seconds="90"))
    found = colours.drift(receipt)
    assert planned(found) == {"Orders": Action.DELETE, STACK: Action.UPDATE}
    assert found.changes[-1].after == {"StackStatus": "UPDATE_ROLLBACK_FAILED"}


def test_what_the_plan_role_may_not_read_is_not_compared(colours: Colours) -> None:
    note = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x"}}
    document = template(Orders=ORDERS, Note=note)
    made_by_hand(colours, document)
    receipt = Receipt("dev/1", colours.release("one", document), "", "", "", {}, "")
    found = colours.drift(receipt)
    told = "Note (AWS::SSM::Parameter) is not compared: Failed to detect drift on resource [Note]"
    assert (found.changes, found.warnings) == ((), (told,))


def test_a_nested_stack_that_somebody_deleted_is_drift(colours: Colours, templates: str) -> None:
    one = colours.release("one", {"Resources": {"Alerts": ALERTS, "Inner": NESTED}}, template_bucket=templates)
    (colours.folder / "one/colours/inner.json").write_text(json.dumps({"Resources": {"Orders": QUEUE}}))
    receipt = colours.promoted(one)
    client = colours.administrator("cloudformation")
    found = client.describe_stack_resources(StackName=STACK)["StackResources"]
    (inner,) = (each["PhysicalResourceId"] for each in found if each["LogicalResourceId"] == "Inner")
    client.delete_stack(StackName=inner)
    assert planned(colours.drift(receipt))["Inner"] is Action.DELETE


@pytest.fixture
def importer(colours: Colours) -> Iterator[Callable[[str], None]]:
    """Makes a stack that imports an export."""
    client = colours.administrator("cloudformation")
    yield partial(import_export, client, "flowmart-dev-importing")
    client.delete_stack(StackName="flowmart-dev-importing")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (
            {"Ref": "Orders"},
            "its export states-name would change with Orders, and is imported by flowmart-dev-importing",
        ),
        ({"Fn::Sub": "queue ${Orders.QueueName}"}, ""),
    ],
)
def test_an_export_in_use_that_changes_is_told_by_the_plan(
    colours: Colours, importer: Callable[[str], None], value: Any, told: str
) -> None:
    def document(name: str) -> dict[str, Any]:
        made = template(Orders={"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"flowmart-{name}"}})
        made["Outputs"] = {"Name": {"Value": value, "Export": {"Name": "states-name"}}}
        return made

    colours.promoted(colours.release("one", document("one")))
    importer("states-name")
    two = colours.release("two", document("two"))
    if told:
        with pytest.raises(Refused, match=told):
            colours.plan(two)
        return
    assert any(
        warning.startswith("export states-name may change with Orders") for warning in colours.plan(two).warnings
    )
    assert "Export states-name cannot be updated as it is in use" in colours.apply(two).detail


def test_a_deletion_that_a_new_import_prevents_says_why(colours: Colours, importer: Callable[[str], None]) -> None:
    document = template(Orders=ORDERS)
    document["Outputs"]["Url"]["Export"] = {"Name": "states-url"}
    one = colours.release("one", document)
    colours.promoted(one)
    back = colours.rollback(one, None)
    importer("states-url")
    failed = colours.applied(back)
    assert failed.outcome is Outcome.FAILED
    assert failed.detail.startswith("Export states-url cannot be deleted as it is in use by flowmart-dev-importing")


def test_the_first_failure_is_found_behind_a_hundred_events(colours: Colours) -> None:
    many = {f"T{number}": ALERTS for number in range(60)}
    bad = {
        "Type": "AWS::SQS::Queue",
        "DependsOn": list(many),
        "Properties": {"VisibilityTimeout": {"Ref": "Seconds"}},
    }
    one = colours.release("one", template(Orders=bad, **many), Seconds=BAD)
    failed = colours.apply(one)
    assert failed.detail.startswith("Orders (AWS::SQS::Queue): ")
    assert colours.stack["StackStatus"] == "ROLLBACK_COMPLETE"


def test_data_that_may_be_replaced_is_irreversible_unless_it_is_kept(colours: Colours) -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::GetAtt": ["Alerts", "TopicName"]}}}
    renamed = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "flowmart-two"}}
    colours.promoted(colours.release("one", template(Orders=queue, Alerts=ALERTS)))
    plan = colours.plan(colours.release("two", template(Orders=queue, Alerts=renamed)))
    assert planned(plan) == {"Alerts": Action.REPLACE, "Orders": Action.UPDATE}
    assert "Orders may be replaced, because of QueueName" in plan.warnings
    assert plan.reversibility is Reversibility.IRREVERSIBLE
    kept = {**queue, "UpdateReplacePolicy": "Retain"}
    plan = colours.plan(colours.release("three", template(Orders=kept, Alerts=renamed)))
    assert plan.reversibility is Reversibility.NEEDS_CARE


def test_what_validation_before_deployment_finds_is_named(colours: Colours) -> None:
    bucket, s3 = files(colours), colours.administrator("s3")
    name = bucket["Properties"]["BucketName"]
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    told = f"Files [(]AWS::S3::Bucket[)]: Resource of type 'AWS::S3::Bucket' with identifier '{name}' already exists"
    with pytest.raises(Refused, match=told):
        colours.plan(colours.release("one", template(Files=bucket, Orders=ORDERS)))
    s3.delete_bucket(Bucket=name)
    colours.promoted(colours.release("two", template(Files=bucket, Orders=ORDERS)))
