"""Resources that exist already become part of a unit's stack; a rollback never deletes them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import InvalidInput, Refused
from tasks.domain.outcome import Outcome, Progress
from tasks.domain.plan import SINCE_IMPORT, Action, Reversibility
from tasks.domain.release import Target
from tasks.domain.residual import drift_beyond
from tasks.engines.cloudformation.engine import ENGINE
from tests.platforms.colours import STACK, Colours

pytestmark = pytest.mark.sandbox

NAME = "flowmart-dev-orders"
KEPT = {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain"}
TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "alerts"}}


@pytest.fixture
def orders(colours: Colours) -> Iterator[str]:
    """The URL of a queue that exists before any release; a test may delete it."""
    sqs = colours.administrator("sqs")
    url = sqs.create_queue(QueueName=NAME, Attributes={"VisibilityTimeout": "45"})["QueueUrl"]
    yield str(url)
    colours.administrator("sqs").delete_queue(QueueUrl=url)


def queue(**properties: Any) -> dict[str, Any]:
    return {**KEPT, "Properties": {"QueueName": NAME, **properties}}


def importing(colours: Colours, name: str, resources: Mapping[str, Any], imports: Any, **more: Any) -> Target:
    target = colours.release(name, {"Resources": resources, **more})
    folder = colours.folder / name / "colours" / "imports"
    folder.mkdir()
    (folder / "dev.yaml").write_text(json.dumps(imports))
    return target


def timeout(colours: Colours, url: str) -> str:
    sqs = colours.administrator("sqs")
    return str(
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"][
            "VisibilityTimeout"
        ]
    )


def test_a_new_stack_imports_what_exists_as_it_is(colours: Colours, orders: str) -> None:
    one = importing(colours, "one", {"Orders": queue(VisibilityTimeout=45)}, {"Orders": {"QueueUrl": orders}})
    plan = colours.plan(one)
    (change,) = plan.changes
    assert (change.action, change.note) == (Action.IMPORT, f"imports {orders}")
    assert (plan.reversibility, plan.created) == (Reversibility.REVERSIBLE, frozenset())
    assert [(each.action, each.address, each.identity) for each in plan.state_changes] == [
        (Action.IMPORT, "Orders", orders)
    ]
    assert f"= Orders AWS::SQS::Queue (imports {orders})" in plan.text
    assert colours.applied(plan).outcome is Outcome.SUCCEEDED
    assert colours.stack["StackStatus"] == "IMPORT_COMPLETE"
    assert timeout(colours, orders) == "45"
    assert colours.verified(one) is Outcome.SUCCEEDED


def test_an_import_that_is_done_is_an_empty_plan(colours: Colours, orders: str) -> None:
    one = importing(colours, "one", {"Orders": queue()}, {"Orders": {"QueueUrl": orders}})
    colours.promoted(one)
    assert colours.plan(one).empty


def test_imports_may_be_written_as_the_command_line_of_aws_takes_them(colours: Colours, orders: str) -> None:
    listed = [
        {
            "ResourceType": "AWS::SQS::Queue",
            "LogicalResourceId": "Orders",
            "ResourceIdentifier": {"QueueUrl": orders},
        }
    ]
    colours.promoted(importing(colours, "one", {"Orders": queue()}, listed))
    assert colours.stack["StackStatus"] == "IMPORT_COMPLETE"


def test_the_end_of_a_stack_leaves_what_it_imported(colours: Colours, orders: str) -> None:
    one = importing(colours, "one", {"Orders": queue()}, {"Orders": {"QueueUrl": orders}})
    colours.promoted(one)
    back = colours.rollback(one, None)
    assert (back.changes, back.warnings) == ((), (f"Orders ({orders}) stays: DeletionPolicy Retain",))
    assert colours.applied(back).outcome is Outcome.SUCCEEDED
    assert timeout(colours, orders) == "45"


def test_a_rollback_to_the_earlier_release_only_forgets_what_was_imported(colours: Colours, orders: str) -> None:
    receipt = colours.promoted(colours.release("one", {"Resources": {"Alerts": TOPIC}}))
    two = importing(colours, "two", {"Alerts": TOPIC, "Orders": queue()}, {"Orders": {"QueueUrl": orders}})
    created = colours.plan(two).created
    colours.promoted(two)
    back = colours.rollback(two, receipt)
    assert [(change.address, change.action) for change in back.changes] == [("Orders", Action.FORGET)]
    assert back.removed_beyond(created) == ()
    assert colours.applied(back).outcome is Outcome.SUCCEEDED
    assert timeout(colours, orders) == "45"
    resources = colours.administrator("cloudformation").list_stack_resources(StackName=STACK)
    assert [each["LogicalResourceId"] for each in resources["StackResourceSummaries"]] == ["Alerts"]


def test_a_rollback_imports_again_what_the_failed_release_forgot(colours: Colours, orders: str) -> None:
    resources = {"Alerts": TOPIC, "Orders": queue()}
    receipt = colours.promoted(colours.release("nought", {"Resources": {"Alerts": TOPIC}}))
    receipt = colours.promoted(importing(colours, "one", resources, {"Orders": {"QueueUrl": orders}}))
    two = colours.release("two", {"Resources": {"Alerts": TOPIC}})
    forgets = colours.plan(two)
    assert [change.action for change in forgets.changes] == [Action.FORGET]
    assert forgets.reversibility is Reversibility.NEEDS_CARE
    colours.applied(forgets)
    back = colours.rollback(two, receipt)
    assert [(change.address, change.action) for change in back.changes] == [("Orders", Action.IMPORT)]
    assert colours.applied(back).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("policy", ["Delete", None])
def test_an_import_that_a_rollback_would_delete_is_refused(colours: Colours, orders: str, policy: str | None) -> None:
    body = {key: value for key, value in queue().items() if key != "DeletionPolicy"}
    body |= {"DeletionPolicy": policy} if policy else {}
    one = importing(colours, "one", {"Orders": body}, {"Orders": {"QueueUrl": orders}})
    with pytest.raises(Refused, match="Orders is imported with DeletionPolicy Delete, so a rollback would delete it"):
        colours.plan(one)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"Resources": {"Alerts": TOPIC}}, r"Resources \[Alerts\] is missing from ResourceToImport list"),
        ({"Outputs": {"Url": {"Value": "x"}}}, r"you cannot modify or add \[Outputs\]"),
    ],
)
def test_an_import_beside_other_changes_is_refused_and_says_what_to_do(
    colours: Colours, orders: str, more: dict[str, Any], told: str
) -> None:
    resources = {"Orders": queue(), **more.pop("Resources", {})}
    one = importing(colours, "one", resources, {"Orders": {"QueueUrl": orders}}, **more)
    with pytest.raises(Refused, match=f"{told}.*promote a release that adds nothing else first"):
        colours.plan(one)


def test_what_does_not_exist_cannot_be_imported(colours: Colours, orders: str) -> None:
    one = importing(colours, "one", {"Orders": queue()}, {"Orders": {"QueueUrl": f"{orders}-x"}})
    with pytest.raises(Refused, match=f"identifier '{orders}-x' was not found"):
        colours.plan(one)


def test_an_identifier_that_is_no_text_is_refused(colours: Colours) -> None:
    one = importing(colours, "one", {"Orders": queue()}, {"Orders": ["orders"]})
    with pytest.raises(InvalidInput, match="Orders should be what identifies it"):
        colours.plan(one)


def test_what_differs_since_an_import_is_drift_that_says_so(colours: Colours, orders: str) -> None:
    one = importing(colours, "one", {"Orders": queue(VisibilityTimeout=30)}, {"Orders": {"QueueUrl": orders}})
    plan = colours.plan(one)
    assert any("where it differs from the template, drift detection says so" in each for each in plan.warnings)
    receipt = colours.promoted(one)
    residual = colours.engine(one).settle(receipt)
    (change,) = drift_beyond(residual, colours.drift(receipt).changes)
    assert (change.note, change.attributes) == (SINCE_IMPORT, ("VisibilityTimeout",))
    assert (change.before or {})["VisibilityTimeout"] == 30
    assert (change.after or {})["VisibilityTimeout"] == 45


def test_a_rollback_to_a_release_with_such_a_difference_is_good(colours: Colours, orders: str) -> None:
    resources = {"Orders": queue(VisibilityTimeout=30)}
    identifiers = {"Orders": {"QueueUrl": orders}}
    one = importing(colours, "one", resources, identifiers)
    receipt = colours.promoted(one)
    two = importing(colours, "two", {**resources, "Alerts": TOPIC}, identifiers)
    colours.applied(colours.plan(two))
    colours.applied(colours.rollback(two, receipt))
    assert colours.engine(one).verify().outcome is Outcome.SUCCEEDED
    assert [change.note for change in colours.engine(one).detect_drift(receipt).changes] == [SINCE_IMPORT]


def test_what_somebody_does_after_an_update_is_told_as_done_by_hand(colours: Colours, orders: str) -> None:
    colours.promoted(importing(colours, "one", {"Orders": queue()}, {"Orders": {"QueueUrl": orders}}))
    receipt = colours.promoted(colours.release("two", {"Resources": {"Orders": queue(VisibilityTimeout=30)}}))
    assert timeout(colours, orders) == "30"
    colours.administrator("sqs").set_queue_attributes(QueueUrl=orders, Attributes={"VisibilityTimeout": "9"})
    (change,) = colours.drift(receipt).changes
    assert change.note == ""


def test_what_exists_by_name_is_imported_beside_all_that_is_created(colours: Colours) -> None:
    bucket, s3 = f"flowmart-dev-receipts-{colours.dev.account}", colours.administrator("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": colours.dev.region})
    receipts = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {"BucketName": bucket}}
    outputs = {"Name": {"Value": {"Ref": "Receipts"}}}
    one = colours.release("one", {"Resources": {"Alerts": TOPIC, "Receipts": receipts}, "Outputs": outputs})
    colours.units["one"] = replace(colours.units["one"], options={"import_existing": True})
    plan = colours.plan(one)
    assert {change.address: change.action for change in plan.changes} == {
        "Alerts": Action.CREATE,
        "Receipts": Action.IMPORT,
    }
    assert colours.applied(plan).outputs == {"Name": bucket}
    assert colours.applied(colours.rollback(one, None)).outcome is Outcome.SUCCEEDED
    assert bucket in [each["Name"] for each in s3.list_buckets()["Buckets"]]
    s3.delete_bucket(Bucket=bucket)


def test_an_import_that_gave_no_answer_is_found_to_be_done(colours: Colours, orders: str) -> None:
    one = importing(colours, "one", {"Orders": queue()}, {"Orders": {"QueueUrl": orders}})
    plan = colours.plan(one)
    assert colours.engine(one).observe(plan).progress is Progress.UNCHANGED
    colours.applied(plan)
    assert colours.engine(one).observe(plan).progress is Progress.DONE


def test_the_file_of_imports_is_part_of_the_unit(colours: Colours) -> None:
    importing(colours, "one", {"Orders": queue()}, {"Order": {"QueueUrl": "x"}})
    root: Path = colours.folder / "one"
    assert "colours/imports/dev.yaml" in ENGINE.reads(root, "colours")
    assert list(ENGINE.faults(root, colours.units["one"])) == [
        "colours/imports/dev.yaml: Order is no resource of the template"
    ]
