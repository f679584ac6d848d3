"""The sandbox's CloudFormation, as far as it needs no server: what a template would change in a stack."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from moto.cloudformation.exceptions import ValidationError

from deployments import sandbox
from deployments.sandbox.aws_server.cloudformation import exports
from deployments.sandbox.aws_server.cloudformation.change_sets import differences
from deployments.sandbox.aws_server.cloudformation.kinds import Made
from deployments.sandbox.aws_server.cloudformation.refusals import refuse_not_emulated
from deployments.sandbox.aws_server.cloudformation.resources import KINDS, Resource
from deployments.sandbox.aws_server.cloudformation.schemas import attributes, recreating, typed
from deployments.sandbox.aws_server.cloudformation.services import ServiceKind
from deployments.sandbox.aws_server.cloudformation.stacks import Stack
from deployments.sandbox.aws_server.cloudformation.templates import LATER, Template

REGION = "eu-west-1"
QUEUE, TOPIC = "AWS::SQS::Queue", "AWS::SNS::Topic"
THERE = {
    "Orders": Resource("Orders", QUEUE, Made("url", {"Arn": "arn"}), {"QueueName": "a", "VisibilityTimeout": 30})
}


def template(resources: dict[str, Any], **parameters: str) -> Template:
    slots = {"Name": {"Type": "String", "Default": "a"}}
    text = json.dumps({"Parameters": slots, "Resources": resources})
    return Template(text, parameters, "id", "stack", "222222222222", REGION)


def queue(**properties: Any) -> dict[str, Any]:
    return {"Type": QUEUE, "Properties": properties}


@pytest.mark.parametrize(
    ("kind", "rules"),
    [
        (QUEUE, {"QueueName": "Always", "FifoQueue": "Always"}),
        (TOPIC, {"TopicName": "Always", "FifoTopic": "Always"}),
        ("AWS::Budgets::Budget", {"Budget/BudgetName": "Always", "NotificationsWithSubscribers": "Always"}),
        ("AWS::Events::Rule", {"Name": "Always", "EventBusName": "Conditionally"}),
        ("AWS::Backup::BackupPlan", {}),
    ],
)
def test_what_cannot_be_changed_in_place_is_what_aws_says(kind: str, rules: dict[str, str]) -> None:
    assert recreating(kind, REGION) == rules


@pytest.mark.parametrize(
    ("kind", "written", "read"),
    [
        (QUEUE, {"VisibilityTimeout": "030", "QueueName": "030"}, {"VisibilityTimeout": 30, "QueueName": "030"}),
        (QUEUE, {"VisibilityTimeout": "0o17"}, {"VisibilityTimeout": "0o17"}),
        ("AWS::Logs::LogGroup", {"RetentionInDays": "014"}, {"RetentionInDays": 14}),
        (
            "AWS::EC2::SecurityGroup",
            {"SecurityGroupIngress": [{"FromPort": "0443", "CidrIp": "10.0.0.0/8"}]},
            {"SecurityGroupIngress": [{"FromPort": 443, "CidrIp": "10.0.0.0/8"}]},
        ),
    ],
)
def test_texts_are_numbers_where_the_schema_wants_numbers(kind: str, written: Any, read: Any) -> None:
    assert typed(kind, REGION, written) == read


@pytest.mark.parametrize("kind", KINDS)
def test_every_emulated_type_is_one_of_aws(kind: str) -> None:
    assert isinstance(recreating(kind, REGION), dict)


def test_what_is_the_same_is_no_difference() -> None:
    assert (
        differences(THERE, template({"Orders": queue(QueueName={"Ref": "Name"}, VisibilityTimeout=30)}), REGION) == {}
    )


@pytest.mark.parametrize(
    ("properties", "replacement"),
    [({"QueueName": "a", "VisibilityTimeout": 60}, "False"), ({"QueueName": "b", "VisibilityTimeout": 30}, "True")],
)
def test_whether_a_change_replaces(properties: dict[str, Any], replacement: str) -> None:
    found = differences(THERE, template({"Orders": queue(**properties)}), REGION)["Orders"]
    assert (found.action, found.replacement) == ("Modify", replacement)


def test_what_follows_a_new_resource_is_known_later_and_may_replace() -> None:
    named = queue(QueueName={"Fn::Sub": "${Alerts.TopicName}-x"}, VisibilityTimeout=30)
    found = differences(THERE, template({"Orders": named, "Alerts": {"Type": TOPIC}}), REGION)
    assert list(found) == ["Alerts", "Orders"]
    assert found["Orders"].replacement == "Conditional"
    assert (found["Orders"].after or {})["QueueName"] == LATER


def test_what_is_no_longer_declared_is_removed_as_its_policy_says() -> None:
    found = differences(THERE, template({"Alerts": {"Type": TOPIC}}), REGION)
    assert (found["Orders"].action, found["Orders"].policy) == ("Remove", "Delete")


def test_another_type_under_the_same_name_is_refused() -> None:
    with pytest.raises(ValidationError, match="Update of resource type is not permitted"):
        differences(THERE, template({"Orders": {"Type": TOPIC}}), REGION)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"Needed": "y", "Nmae": "x"}, r"\[Nmae\] do not exist in the template"), ({}, r"\[Needed\] must have values")],
)
def test_wrong_parameters_are_refused(parameters: dict[str, str], message: str) -> None:
    text = json.dumps({"Parameters": {"Needed": {"Type": "String"}}, "Resources": {"Orders": queue()}})
    with pytest.raises(ValidationError, match=message):
        Template(text, parameters, "id", "stack", "222222222222", REGION).refuse_wrong_parameters()


def test_what_is_not_emulated_in_templates_is_refused() -> None:
    text = json.dumps({"Transform": ["AWS::LanguageExtensions", "Shuffle"], "Resources": {"Orders": queue()}})
    with pytest.raises(ValidationError, match="the sandbox does not emulate Transform Shuffle"):
        Template(text, {}, "id", "stack", "222222222222", REGION).refuse_wrong_parameters()


def exporting(name: str, value: str, *, stack: str = "exporter") -> Stack:
    text = {"Resources": {"Orders": queue()}, "Outputs": {"O": {"Value": value, "Export": {"Name": name}}}}
    made = Template(json.dumps(text), {}, stack, stack, "222222222222", REGION)
    return Stack(stack, stack, made, status="CREATE_COMPLETE")


def importing(name: str) -> Stack:
    text = {"Resources": {"Orders": queue(QueueName={"Fn::ImportValue": {"Fn::Sub": name}})}}
    made = Template(json.dumps(text), {}, "importer", "importer", "222222222222", REGION)
    return Stack("importer", "importer", made, status="CREATE_COMPLETE")


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ({"url": "a"}, ""),
        ({"url": "b"}, "Export url cannot be updated as it is in use by importer"),
        ({}, "Export url cannot be deleted as it is in use by importer"),
        ({"url": "a", "mine": "x"}, "Export with name mine is already exported by stack other"),
    ],
)
def test_what_is_imported_can_be_neither_removed_nor_changed(after: dict[str, str], told: str) -> None:
    exporter, other = exporting("url", "a"), exporting("mine", "x", stack="other")
    assert exports.refusal([exporter, importing("url"), other], exporter, after) == told


def test_stacks_that_only_export_are_not_asked_for_what_they_import() -> None:
    def endless() -> dict[str, str]:
        raise AssertionError("nothing is imported here")

    text = json.dumps({"Resources": {"Orders": queue()}, "Outputs": {"O": {"Value": "a", "Export": {"Name": "url"}}}})
    made = Template(text, {}, "id", "stack", "2", REGION, endless)
    assert made.outputs({})[0]["ExportName"] == "url"


def test_an_imported_value_is_what_the_other_stack_exports() -> None:
    body = {"Orders": queue(QueueName={"Fn::ImportValue": "url"})}
    made = Template(json.dumps({"Resources": body}), {}, "id", "stack", "2", REGION, lambda: {"url": "a"})
    assert made.properties("Orders", {}) == {"QueueName": "a"}


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        (
            {"Q": queue(), "F": {"Type": "AWS::IoT::Thing"}, "I": {"Type": "Custom::Image"}},
            r"the sandbox does not emulate AWS::IoT::Thing \[F\], Custom::Image \[I\]",
        ),
        ({"Q": queue(Sqs="x")}, r"the sandbox does not emulate Sqs of AWS::SQS::Queue \[Q\]"),
    ],
)
def test_what_is_not_emulated_is_refused_before_anything_is_made(resources: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        refuse_not_emulated(template(resources))


def test_resources_in_a_circle_are_refused() -> None:
    circle = {"A": {**queue(), "DependsOn": "B"}, "B": queue(QueueName={"Fn::Sub": "${A}-dead"})}
    with pytest.raises(ValidationError, match=r"Circular dependency between resources: \["):
        differences({}, template(circle), REGION)


def test_a_name_that_is_not_alphanumeric_is_refused() -> None:
    with pytest.raises(ValidationError, match="Resource name Bad-Name is non alphanumeric"):
        template({"Bad-Name": queue()}).refuse_wrong_parameters()


@pytest.mark.parametrize(
    ("slot", "value", "told"),
    [
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "A1", r"must match pattern \[a-z\]\+"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "a", ""),
        ({"Type": "String", "MinLength": 2, "MaxLength": 3}, "a", "at least 2 and at most 3 characters"),
        ({"Type": "String", "MaxLength": "3"}, "abcd", "at most 3 characters"),
        ({"Type": "Number", "MinValue": 1, "MaxValue": 5}, "6", "must be a number from 1 to 5"),
        ({"Type": "Number", "MinValue": 1}, "6", ""),
        ({"Type": "Number"}, "six", "must be a number"),
    ],
)
def test_values_that_aws_refuses_are_refused(slot: dict[str, Any], value: str, told: str) -> None:
    text = json.dumps({"Parameters": {"Name": slot}, "Resources": {"Orders": queue()}})
    made = Template(text, {"Name": value}, "id", "stack", "222222222222", REGION)
    if not told:
        made.refuse_wrong_parameters()
        return
    with pytest.raises(ValidationError, match=f"Parameter 'Name' .*{told}"):
        made.refuse_wrong_parameters()


def test_the_readme_lists_every_emulated_type() -> None:
    text = (Path(sandbox.__file__).parent / "README.md").read_text()
    rows = re.findall(r"^\| ([A-Z]\w+) \| ([\w, ]+) \|$", text.partition("## CloudFormation")[2], re.MULTILINE)
    listed = {
        f"AWS::{service}::{name}" for service, names in rows for name in names.split(", ") if service != "service"
    }
    assert listed == set(KINDS)


@pytest.mark.parametrize(("name", "kind"), [(n, k) for n, k in KINDS.items() if isinstance(k, ServiceKind)])
def test_what_tells_a_type_is_about_its_own_properties(name: str, kind: ServiceKind) -> None:
    known = {path.split(".")[0] for path in attributes(name, REGION)}
    named = (
        {kind.named[0]} - {""}
        | set(kind.unset)
        | set(kind.only)
        | set(kind.ignored)
        | {e.property for e in kind.lists}
    )
    assert named <= known
    assert set(kind.gives) | set(kind.more) <= attributes(name, REGION)


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        (
            {"QueueName": "a", "VisibilityTimeout": {"Ref": "Name"}},
            [("Static", "ParameterReference", "Name"), ("Dynamic", "DirectModification", None)],
        ),
        ({"QueueName": "a", "VisibilityTimeout": 60}, [("Static", "DirectModification", None)]),
    ],
)
def test_a_change_says_whether_a_parameter_caused_it(properties: dict[str, Any], told: list[Any]) -> None:
    declared = {"Orders": queue(QueueName="a", VisibilityTimeout={"Ref": "Name"})}
    earlier, later = template(declared, Name="30"), template({"Orders": queue(**properties)}, Name="90")
    found = differences(THERE, later, REGION, earlier=earlier)["Orders"].described()["ResourceChange"]["Details"]
    assert [(each["Evaluation"], each["ChangeSource"], each.get("CausingEntity")) for each in found] == told
