"""Nested stacks on the sandbox: planned, changed, rolled back and removed together with the stack that a unit is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasks.domain.errors import Refused
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Action, Plan, Reversibility
from tasks.domain.release import Target
from tests.platforms.colours import GOOD, ORDERS, STACK, Colours

pytestmark = pytest.mark.sandbox

DATABASE = {
    "Parameters": {"Seconds": {"Type": "String", "AllowedPattern": "[0-9a-z ]+"}},
    "Resources": {"Orders": ORDERS, "Kept": {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain"}},
    "Outputs": {"Url": {"Value": {"Ref": "Orders"}}, "Seconds": {"Value": {"Ref": "Seconds"}}},
}
ALERTS = {
    "Parameters": {"Name": {"Type": "String"}, "Delay": {"Type": "String", "Default": "0"}},
    "Resources": {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Name"}}},
        "Waiting": {
            "Type": "AWS::SQS::Queue",
            "DependsOn": "Topic",
            "Properties": {"DelaySeconds": {"Ref": "Delay"}},
        },
    },
}


def nested(file: str, **parameters: Any) -> dict[str, Any]:
    return {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": file, "Parameters": parameters}}


class Shop:
    """A unit of two nested stacks, one of which takes an output of the other."""

    def __init__(self, colours: Colours, bucket: str) -> None:
        self.colours, self.bucket = colours, bucket

    def release(self, name: str, *, alerts: bool = True, delay: str = "0", **parameters: Any) -> Target:
        seconds = {"Fn::GetAtt": ["Database", "Outputs.Seconds"]}
        resources = {"Database": nested("database.json", Seconds={"Ref": "Seconds"})}
        if alerts:
            resources["Alerts"] = nested("alerts.json", Name=seconds, Delay=delay)
        document = {
            "Parameters": {"Seconds": {"Type": "String", "Default": "30"}},
            "Resources": resources,
            "Outputs": {"Url": {"Value": {"Fn::GetAtt": ["Database", "Outputs.Url"]}}},
        }
        target = self.colours.release(name, document, template_bucket=self.bucket, **parameters)
        folder = self.colours.folder / name / "colours"
        (folder / "database.json").write_text(json.dumps(DATABASE))
        (folder / "alerts.json").write_text(json.dumps(ALERTS))
        return target

    @property
    def stacks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.colours.administrator("cloudformation").describe_stacks()["Stacks"]
        return [stack for stack in found if stack["StackName"].startswith(STACK)]


@pytest.fixture
def shop(colours: Colours, templates: str) -> Shop:
    return Shop(colours, templates)


def planned(plan: Plan) -> dict[str, Action]:
    return {change.address: change.action for change in plan.changes}


def test_nested_stacks_are_made_changed_and_removed_with_their_parent(shop: Shop) -> None:
    colours = shop.colours
    one = shop.release("one")
    plan = colours.plan(one)
    assert set(planned(plan)) == {
        *("Database", "Database/Orders", "Database/Kept"),
        *("Alerts", "Alerts/Topic", "Alerts/Waiting"),
    }
    receipt = colours.promoted(one)
    assert receipt.outputs["Url"].startswith("http")
    parent = colours.stack["StackId"]
    assert sorted(stack.get("ParentId", "") for stack in shop.stacks) == ["", parent, parent]
    assert colours.plan(one).empty
    assert colours.verified(one) is Outcome.SUCCEEDED
    assert colours.drift(receipt).changes == ()

    two = shop.release("two", Seconds=GOOD)
    changes = colours.plan(two).changes
    assert {change.address for change in changes if change.action is Action.UPDATE} >= {
        "Database/Orders",
        "Alerts/Topic",
    }
    colours.promoted(two)
    assert colours.seconds == GOOD
    assert colours.verified(two) is Outcome.SUCCEEDED

    colours.administrator("sqs").delete_queue(QueueUrl=colours.stack["Outputs"][0]["OutputValue"])
    assert ("Database/Orders", Action.DELETE) in planned(colours.drift(receipt)).items()

    back = colours.rollback(two, None)
    assert planned(back)["Alerts/Waiting"] is Action.DELETE
    assert "Database/Kept" not in planned(back)
    assert any(warning.startswith("Database/Kept (") for warning in back.warnings)
    assert back.reversibility is Reversibility.IRREVERSIBLE
    assert colours.applied(back).outcome is Outcome.SUCCEEDED
    assert shop.stacks == []


def test_a_failure_inside_puts_back_the_nested_stacks_that_were_changed_before(shop: Shop) -> None:
    colours = shop.colours
    colours.promoted(one := shop.release("one"))
    failed = colours.apply(shop.release("two", Seconds=GOOD, delay="not a number"))
    assert failed.outcome is Outcome.FAILED
    assert failed.detail.startswith("Alerts/Waiting (AWS::SQS::Queue): Resource handler returned message:")
    assert failed.detail.endswith("is UPDATE_ROLLBACK_COMPLETE")
    assert colours.seconds == "30"
    assert {stack["StackStatus"] for stack in shop.stacks} == {"UPDATE_ROLLBACK_COMPLETE"}
    assert colours.verified(one) is Outcome.SUCCEEDED


def test_a_failed_create_leaves_no_nested_stack_and_says_why_in_the_words_of_the_resource(shop: Shop) -> None:
    failed = shop.colours.apply(shop.release("one", delay="not a number"))
    assert failed.outcome is Outcome.FAILED
    assert failed.detail.startswith("Alerts/Waiting (AWS::SQS::Queue): Resource handler returned message:")
    assert [stack["StackStatus"] for stack in shop.stacks] == ["ROLLBACK_COMPLETE"]
    queues = shop.colours.administrator("sqs").list_queues(QueueNamePrefix=STACK)
    assert not any("Orders" in url for url in queues.get("QueueUrls", ()))


def test_a_nested_stack_that_goes_takes_along_what_is_in_it(shop: Shop) -> None:
    colours = shop.colours
    colours.promoted(shop.release("one"))
    plan = colours.plan(shop.release("two", alerts=False))
    assert planned(plan) == dict.fromkeys(("Alerts", "Alerts/Topic", "Alerts/Waiting"), Action.DELETE)
    assert plan.reversibility is Reversibility.IRREVERSIBLE
    assert colours.applied(plan).outcome is Outcome.SUCCEEDED
    assert len(shop.stacks) == 2


def test_a_nested_template_that_is_not_there_is_said(shop: Shop) -> None:
    missing = nested(f"https://{shop.bucket}.s3.eu-west-1.amazonaws.com/missing.json")
    with pytest.raises(Refused, match=r"nested stack \S+Nested\S+: S3 error: Access Denied"):
        shop.colours.plan(shop.colours.release("one", {"Resources": {"Nested": missing}}))


@pytest.mark.parametrize(
    ("seconds", "database", "told"),
    [
        ("NO", DATABASE, r"nested stack \S+Database\S+: Parameter 'Seconds' must match pattern"),
        (
            "30",
            {"Parameters": {"Seconds": {"Type": "String"}, "Size": {"Type": "Number"}}},
            r"\[Size\] must have values",
        ),
        ("30", {"Parameters": {}}, r"\[Seconds\] do not exist in the template"),
        ("30", {"Resources": {"It": {"Type": "AWS::IoT::Thing"}}}, "the sandbox does not emulate AWS::IoT::Thing"),
    ],
)
def test_what_is_wrong_inside_is_said_when_it_is_planned(
    shop: Shop, seconds: str, database: dict[str, Any], told: str
) -> None:
    target = shop.release("one", alerts=False, Seconds=seconds)
    given = {**DATABASE, **database}
    outputs = {name: {"Value": "-"} for name in ("Url", "Seconds")}
    file = shop.colours.folder / "one" / "colours" / "database.json"
    file.write_text(json.dumps({**given, "Outputs": outputs}))
    with pytest.raises(Refused, match=told):
        shop.colours.plan(target)
