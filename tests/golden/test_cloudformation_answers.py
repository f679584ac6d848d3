"""What CloudFormation answers, in the product's words. The answers have the form that its API reference gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.plan import Action, Change, Reversibility, StateChange
from tasks.domain.values import MASK, UNKNOWN
from tasks.engines.cloudformation import answers, errors, losses

ITEMS = json.loads((Path(__file__).parent / "cloudformation" / "change_set.json").read_text())["Changes"]
SECRET = "hunter2hunter2"
CONTEXT = answers.Context({"Unit": "orders"}, {"Unit": "orders", "Project": "flowmart"}, frozenset({SECRET}))


@pytest.fixture
def changes() -> dict[str, Change]:
    return {change.address: change for change in answers.changes(ITEMS, CONTEXT)}


def test_every_resource_is_a_change_and_nothing_else_is(changes: dict[str, Change]) -> None:
    assert {name: change.action for name, change in changes.items()} == {
        "Alerts": Action.CREATE,
        "Orders": Action.REPLACE,
        "Mails": Action.UPDATE,
        "Vault": Action.FORGET,
    }


def test_secrets_are_masked_and_what_is_known_later_is_unknown(changes: dict[str, Change]) -> None:
    tags = {"Unit": "orders", "Project": "flowmart"}
    assert changes["Alerts"].after == {"DisplayName": f"key {MASK}", "KmsMasterKeyId": UNKNOWN, "tags_all": tags}


def test_a_replacement_tells_the_properties_that_force_it(changes: dict[str, Change]) -> None:
    assert changes["Orders"].because == ("QueueName",)
    assert changes["Orders"].attributes == ("QueueName", "VisibilityTimeout", "tags_all")


def test_without_contexts_the_values_of_the_details_are_told(changes: dict[str, Change]) -> None:
    assert (changes["Mails"].before or {})["TopicArn"] == "arn:aws:sns:eu-west-1:222222222222:alerts"
    assert (changes["Mails"].after or {})["TopicArn"] == UNKNOWN


def item(action: str, **body: str) -> dict[str, Any]:
    named = {"Action": action, "LogicalResourceId": "Orders", "ResourceType": "AWS::SQS::Queue"}
    return {"Type": "Resource", "ResourceChange": {**named, "PhysicalResourceId": "orders-1", **body}}


def test_an_import_is_told_with_what_it_imports_and_gets_no_tags() -> None:
    imported = item("Import", AfterContext='{"Properties": {"QueueName": "orders"}}')
    (change,) = answers.changes([imported], CONTEXT)
    assert (change.action, change.note) == (Action.IMPORT, "imports orders-1")
    assert (change.before, change.after) == (None, {"QueueName": "orders"})
    assert answers.text([change]) == "= Orders AWS::SQS::Queue (imports orders-1)"
    assert answers.state_changes([change]) == (StateChange(Action.IMPORT, "Orders", identity="orders-1"),)


@pytest.mark.parametrize(
    ("policy", "action", "told"),
    [
        ("Retain", Action.FORGET, "stays: its policy is to retain it"),
        ("Snapshot", Action.DELETE, "is deleted once there is a snapshot of it"),
    ],
)
def test_what_its_policy_makes_of_what_leaves_a_stack(policy: str, action: Action, told: str) -> None:
    removed = item("Remove", PolicyAction=policy)
    (change,) = answers.changes([removed], CONTEXT)
    assert change.action is action
    assert answers.kept([removed]) == (f"Orders (orders-1) {told}",)
    reversible = losses.reversibility([change], False, retained=answers.retained([removed]))
    assert reversible is Reversibility.NEEDS_CARE


def test_what_may_be_replaced_and_what_stays_is_said() -> None:
    assert answers.doubts(ITEMS) == ("Mails may be replaced, because of TopicArn",)
    assert answers.kept(ITEMS) == (
        "Orders (https://sqs.eu-west-1.amazonaws.com/222222222222/orders) stays: its policy is to retain it",
        "Vault (flowmart-dev) stays: its policy is to retain it",
    )


def test_a_plan_reads_like_a_plan(changes: dict[str, Change]) -> None:
    assert answers.text(changes.values(), ["care"]).splitlines() == [
        "+ Alerts AWS::SNS::Topic",
        "± Orders AWS::SQS::Queue (because of QueueName)",
        "    QueueName: orders -> orders-2",
        "    VisibilityTimeout: 30 -> 60",
        "~ Mails AWS::SNS::Subscription",
        "    TopicArn: arn:aws:sns:eu-west-1:222222222222:alerts -> (known after apply)",
        ". Vault AWS::Backup::BackupVault (flowmart-dev stays, and is no longer managed)",
        "! care",
    ]
    assert answers.text(()) == "No changes."


QUEUE, ROLE = "AWS::SQS::Queue", "AWS::IAM::Role"
UNLISTED = "Some::New::Type"


@pytest.mark.parametrize(
    ("kind", "action", "options", "expected"),
    [
        (QUEUE, Action.CREATE, {}, Reversibility.REVERSIBLE),
        (QUEUE, Action.UPDATE, {}, Reversibility.REVERSIBLE),
        (QUEUE, Action.UPDATE, {"doubtful": ["it"]}, Reversibility.IRREVERSIBLE),
        (QUEUE, Action.UPDATE, {"doubtful": ["it"], "retained": ["it"]}, Reversibility.NEEDS_CARE),
        (ROLE, Action.UPDATE, {"doubtful": ["it"]}, Reversibility.NEEDS_CARE),
        (ROLE, Action.UPDATE, {"doubtful": ["it"], "protected": True}, Reversibility.IRREVERSIBLE),
        (ROLE, Action.DELETE, {}, Reversibility.NEEDS_CARE),
        (ROLE, Action.REPLACE, {}, Reversibility.NEEDS_CARE),
        (ROLE, Action.DELETE, {"protected": True}, Reversibility.IRREVERSIBLE),
        (QUEUE, Action.DELETE, {}, Reversibility.IRREVERSIBLE),
        (UNLISTED, Action.DELETE, {}, Reversibility.IRREVERSIBLE),
        ("AWS::ElastiCache::ReplicationGroup", Action.REPLACE, {}, Reversibility.IRREVERSIBLE),
        (QUEUE, Action.REPLACE, {}, Reversibility.IRREVERSIBLE),
        (QUEUE, Action.DELETE, {"retained": ["it"]}, Reversibility.NEEDS_CARE),
    ],
)
def test_losing_data_cannot_be_undone(
    kind: str, action: Action, options: dict[str, Any], expected: Reversibility
) -> None:
    change = Change("it", kind, action)
    assert losses.reversibility([change], **{"protected": False, **options}) is expected


def modified(name: str, replacement: str, *details: dict[str, Any]) -> dict[str, Any]:
    body = {"LogicalResourceId": name, "Action": "Modify", "Replacement": replacement, "Details": [*details]}
    return {"Type": "Resource", "ResourceChange": body}


def detail(source: str, cause: str = "", recreation: str = "Always") -> dict[str, Any]:
    target = {"Attribute": "Properties", "Name": "P", "RequiresRecreation": recreation}
    return {"Target": target, "Evaluation": "Dynamic", "ChangeSource": source, "CausingEntity": cause}


@pytest.mark.parametrize(
    ("group", "details", "doubtful"),
    [
        ("True", [detail("ResourceReference", "Group")], True),
        ("Conditional", [detail("ResourceReference", "Group")], True),
        ("False", [detail("ResourceReference", "Group")], False),
        ("False", [detail("ResourceAttribute", "Group.Name")], True),
        ("False", [detail("DirectModification", recreation="Conditionally")], True),
        ("False", [detail("ResourceReference", "Group"), detail("DirectModification")], True),
        ("False", [detail("ResourceAttribute", "Group.Name", "Never")], False),
        ("False", [], True),
    ],
)
def test_a_reference_to_what_is_not_replaced_stays_the_same(group: str, details: list[Any], doubtful: bool) -> None:
    items = [modified("Group", group), modified("Database", "Conditional", *details)]
    assert ("Database" in losses.in_doubt(items)) is doubtful


@pytest.mark.parametrize(
    ("status", "reason", "no_op"),
    [
        ("FAILED", "The submitted information didn't contain changes. Submit different information ...", True),
        ("FAILED", "No updates are to be performed.", True),
        ("FAILED", "Unresolved resource dependencies [X] in the Resources block of the template", False),
        ("CREATE_COMPLETE", None, False),
    ],
)
def test_a_change_set_without_changes_is_told_by_its_reason(status: str, reason: str | None, no_op: bool) -> None:
    assert answers.is_no_op({"Status": status, "StatusReason": reason}) is no_op


VALIDATED = [
    {
        "LogicalResourceId": "Files",
        "ResourceType": "AWS::S3::Bucket",
        "ValidationStatus": "FAILED",
        "ValidationFailureMode": "FAIL",
        "ValidationStatusReason": "already exists",
        "ValidationPath": "/Resources/Files",
    },
    {"LogicalResourceId": "Orders", "ValidationStatus": "FAILED", "ValidationFailureMode": "WARN"},
    {"LogicalResourceId": "Alerts", "ValidationStatus": "SKIPPED", "ValidationFailureMode": "FAIL"},
    {"LogicalResourceId": "Mails", "EventType": "STACK_EVENT", "ResourceStatus": "CREATE_COMPLETE"},
]
EARLY = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot Early "
    "Validation errors, use the DescribeEvents API for detailed failure information."
)


def test_validation_before_deployment_says_why_in_its_events() -> None:
    assert errors.is_invalid(EARLY)
    assert not errors.is_invalid("Parameters: [Name] must have values")
    assert errors.invalidities(VALIDATED) == ("Files (AWS::S3::Bucket): already exists (/Resources/Files)",)


def event(status: str, name: str, reason: str = "") -> dict[str, str]:
    return {"LogicalResourceId": name, "ResourceType": "T", "ResourceStatus": status, "ResourceStatusReason": reason}


def test_the_first_failure_is_the_cause_and_what_was_cancelled_is_not() -> None:
    events = [
        event("UPDATE_IN_PROGRESS", "Orders"),
        event("UPDATE_FAILED", "Mails", "Resource update cancelled"),
        event("UPDATE_FAILED", "Orders", "Value is not valid"),
        event("UPDATE_ROLLBACK_IN_PROGRESS", "stack", "The following resource(s) failed to update: [Orders]."),
        event("UPDATE_FAILED", "Alerts", "later"),
    ]
    assert answers.first_failure(events) == "Orders (T): Value is not valid"
    assert answers.first_failure(events[:1]) == "CloudFormation gave no reason"


def drift(name: str, status: str, **more: Any) -> dict[str, Any]:
    written = {key: json.dumps(value) for key, value in more.items()}
    return {"LogicalResourceId": name, "ResourceType": "T", "StackResourceDriftStatus": status, **written}


def test_drift_is_what_was_changed_or_deleted() -> None:
    items = [
        drift("A", "MODIFIED", ExpectedProperties={"X": 1, "Y": 2}, ActualProperties={"X": 1, "Y": 3}),
        drift("B", "DELETED", ExpectedProperties={"X": 1}),
        drift("C", "IN_SYNC"),
        drift("D", "NOT_CHECKED"),
    ]
    changed, deleted = answers.drifted(items, ())
    assert (changed.address, changed.action, changed.attributes) == ("A", Action.UPDATE, ("Y",))
    assert (deleted.address, deleted.action, deleted.after) == ("B", Action.DELETE, None)
    assert answers.not_compared(items) == ("D (T) is not compared",)


def test_outputs_that_hold_a_secret_are_masked() -> None:
    stack = {"Outputs": [{"OutputKey": "Url", "OutputValue": "a"}, {"OutputKey": "Key", "OutputValue": f"x{SECRET}"}]}
    assert answers.outputs(stack, {SECRET}) == {"Url": "a", "Key": MASK}


def reference(causing: str, evaluation: str = "Static", name: str = "ImageId") -> dict[str, Any]:
    target = {"Attribute": "Properties", "Name": name}
    return {
        "Target": target,
        "Evaluation": evaluation,
        "CausingEntity": causing,
        "ChangeSource": "ParameterReference",
    }


DIRECT = {"Target": {"Attribute": "Properties", "Name": "ImageId"}, "ChangeSource": "DirectModification"}


@pytest.mark.parametrize(
    ("details", "moved"),
    [
        ([reference("Image")], True),
        ([reference("Image"), {**DIRECT, "Evaluation": "Dynamic"}], True),
        ([reference("Image"), {**DIRECT, "Evaluation": "Static"}], False),
        ([reference("Image"), reference("Other", name="KeyName")], False),
        ([reference("Moved.Arn")], True),
        ([], False),
    ],
)
def test_a_resource_moved_with_a_parameter_when_nothing_else_changes_it(details: list[Any], moved: bool) -> None:
    bodies = {"Moved": [reference("Image")], "It": details}
    items = [{"ResourceChange": {"LogicalResourceId": name, "Details": found}} for name, found in bodies.items()]
    assert ("It" in answers.moved(items, {"Image"})) is moved
