"""Nested stacks: their changes and failures, told as those of the stack that a unit is."""

from __future__ import annotations

from typing import Any

from tasks.domain.plan import Action, Reversibility
from tasks.engines.cloudformation import answers, losses, nesting

STACK = "AWS::CloudFormation::Stack"


def change(name: str, kind: str, action: str, **more: Any) -> dict[str, Any]:
    body = {"LogicalResourceId": name, "ResourceType": kind, "Action": action, **more}
    return {"Type": "Resource", "ResourceChange": body}


AUTOMATIC = [{"ChangeSource": "Automatic", "Evaluation": "Dynamic", "Target": {"Attribute": "Properties"}}]
NESTED = change("Database", STACK, "Modify", ChangeSetId="child", Details=AUTOMATIC)
CAUSED = [{"ChangeSource": "ParameterReference", "CausingEntity": "Size", "Target": {"Name": "BillingMode"}}]
CHANGE_SETS: dict[str, list[dict[str, Any]]] = {
    "child": [
        change("Orders", "AWS::DynamoDB::Table", "Remove", BeforeContext='{"Properties": {"TableName": "orders"}}'),
        change("Inner", STACK, "Modify", ChangeSetId="grandchild", Details=AUTOMATIC),
    ],
    "grandchild": [change("Carts", "AWS::DynamoDB::Table", "Modify", Details=CAUSED)],
    "nothing": [],
}


def flattened(*changes: dict[str, Any]) -> list[Any]:
    def describe(change_set: str) -> dict[str, Any]:
        return {"Changes": flattened(*CHANGE_SETS[change_set])}

    return nesting.flattened(changes, describe)


def test_what_happens_inside_is_a_change_by_its_path() -> None:
    planned = answers.changes(flattened(NESTED), answers.Context())
    assert [(each.address, each.action) for each in planned] == [
        ("Database", Action.UPDATE),
        ("Database/Orders", Action.DELETE),
        ("Database/Inner", Action.UPDATE),
        ("Database/Inner/Carts", Action.UPDATE),
    ]
    assert planned[1].before == {"TableName": "orders"}


def test_a_table_that_is_deleted_inside_is_irreversible() -> None:
    planned = answers.changes(flattened(NESTED), answers.Context())
    assert losses.reversibility(planned, protected=False) is Reversibility.IRREVERSIBLE


def test_a_nested_stack_in_which_nothing_changes_is_no_change() -> None:
    assert flattened(change("Database", STACK, "Modify", ChangeSetId="nothing", Details=AUTOMATIC)) == []


def test_a_nested_stack_whose_own_properties_change_is_one() -> None:
    direct = [{"ChangeSource": "DirectModification", "Target": {"Name": "Tags"}}]
    found = flattened(change("Database", STACK, "Modify", ChangeSetId="nothing", Details=direct))
    assert [each["ResourceChange"]["LogicalResourceId"] for each in found] == ["Database"]


def test_a_parameter_of_a_nested_stack_is_not_one_of_the_unit() -> None:
    assert answers.moved(flattened(*CHANGE_SETS["grandchild"]), ["Size"]) == {"Carts"}
    assert answers.moved(flattened(NESTED), ["Size"]) == set()


def event(name: str, status: str, stack: str, *, kind: str = STACK, of: str = "", why: str = "") -> dict[str, Any]:
    known = {"LogicalResourceId": name, "PhysicalResourceId": of or stack, "ResourceType": kind}
    return {**known, "StackId": stack, "ResourceStatus": status, "ResourceStatusReason": why}


EVENTS = {
    "root": [
        event("Database", "CREATE_FAILED", "root", of="child", why="Embedded stack child was not created: [Orders]"),
        event("unit", "ROLLBACK_IN_PROGRESS", "root"),
    ],
    "child": [event("Orders", "CREATE_FAILED", "child", kind="AWS::DynamoDB::Table", of="t", why="Quota exceeded")],
    "alone": [event("Database", "CREATE_FAILED", "alone", of="gone", why="Template is not there")],
    "gone": [],
}


def test_why_a_nested_stack_failed_is_what_its_resource_says() -> None:
    told = nesting.first_failure("root", EVENTS.__getitem__)
    assert told == "Database/Orders (AWS::DynamoDB::Table): Quota exceeded"


def test_a_nested_stack_that_was_never_begun_says_so_itself() -> None:
    told = nesting.first_failure("alone", EVENTS.__getitem__)
    assert told == "Database (AWS::CloudFormation::Stack): Template is not there"


def test_nested_stacks_are_asked_for_where_there_may_be_some() -> None:
    nested = {"Resources": {"Database": {"Type": STACK}}}
    assert nesting.has_nested(nested)
    assert nesting.has_nested({"Transform": "AWS::Serverless-2016-10-31", "Resources": {}})
    assert nesting.has_nested({"Resources": {"Fn::Transform": {"Name": "AWS::Include"}}})
    assert not nesting.has_nested({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}, "Fn::ForEach::Q": ["I", [], {}]}})


def test_the_nested_change_set_because_of_which_another_failed_is_known_by_its_arn() -> None:
    arn = "arn:aws:cloudformation:eu-west-1:222222222222:changeSet/one-Database/4eca1a01"
    reason = f"Nested change set {arn} was not successfully created: Currently in FAILED."
    assert nesting.failed_change_set(reason) == arn
    assert nesting.failed_change_set("Template error: no such parameter") is None
