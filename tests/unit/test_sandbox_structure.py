"""Templates that AWS refuses as they are written: the sandbox refuses them in its words, and never breaks on them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.cloudformation.exceptions import ValidationError

from deployments.sandbox.aws_server.cloudformation.change_sets import differences
from deployments.sandbox.aws_server.cloudformation.refusals import refuse_invalid, refuse_not_emulated
from deployments.sandbox.aws_server.cloudformation.templates import Template

TOPIC = {"Type": "AWS::SNS::Topic"}
QUEUE = {"Type": "AWS::SQS::Queue"}
FORMAT = "Template format error: "
BOOLEANS = "requires a list of at least 2 and at most 10 boolean parameters."


def planned(text: str, **parameters: str) -> dict[str, Any]:
    """Logical id -> properties, of a new stack of a template."""
    template = Template(text, parameters, "id", "stack", "222222222222", "eu-west-1")
    template.refuse_wrong_parameters()
    refuse_not_emulated(template)
    refuse_invalid(template)
    return {name: change.after for name, change in differences({}, template, "eu-west-1").items()}


def shown(value: Any) -> dict[str, Any]:
    return {"Resources": {"A": {**TOPIC, "Properties": {"DisplayName": value}}}}


def given(body: Any) -> dict[str, Any]:
    return {"Resources": {"A": {**TOPIC, **body}}}


def told(output: Any, name: str = "X") -> dict[str, Any]:
    return {"Resources": {"A": TOPIC}, "Outputs": {name: output}}


def conditioned(condition: Any) -> dict[str, Any]:
    return {"Conditions": {"C": condition}, "Resources": {"A": {**TOPIC, "Condition": "C"}}}


def parametrised(slot: Any) -> dict[str, Any]:
    return {"Parameters": {"P": slot}, "Resources": {"A": TOPIC}}


def looped(loop: Any) -> dict[str, Any]:
    return {"Transform": "AWS::LanguageExtensions", "Resources": {"Fn::ForEach::T": loop}}


REFUSED: list[tuple[dict[str, Any], str]] = [
    (parametrised({"Type": "Text"}), f"{FORMAT}Unrecognized parameter type: Text"),
    (parametrised({"Type": "List<Text>"}), f"{FORMAT}Unrecognized parameter type: List<Text>"),
    (parametrised({"Default": "x"}), f"{FORMAT}Every Parameters object must contain a Type member."),
    (
        parametrised({"Type": "String", "Default": None}),
        f"{FORMAT}[/Parameters/P/Default] 'null' values are not allowed in templates",
    ),
    (
        given({"Properties": {"DisplayName": None}}),
        f"{FORMAT}[/Resources/A/Properties/DisplayName] 'null' values are not allowed in templates",
    ),
    ({"Resources": {"A": TOPIC}, "Ressources": {}}, "Invalid template property or properties [Ressources]"),
    (given({"Depends": "B"}), "Invalid template resource property 'Depends'"),
    (
        {"AWSTemplateFormatVersion": "2011-01-01", "Resources": {"A": TOPIC}},
        f"{FORMAT}unsupported value for AWSTemplateFormatVersion.",
    ),
    (
        given({"DependsOn": ["Nope"]}),
        f"{FORMAT}Unresolved resource dependencies [Nope] in the Resources block of the template",
    ),
    (given({"Properties": []}), f"{FORMAT}[/Resources/A/Properties] Every Properties member must be a map"),
    (
        given({"Properties": {"Ref": "AWS::NoValue"}}),
        "the sandbox does not emulate a function in place of all Properties [A]",
    ),
    (
        given({"Condition": {"Fn::Equals": ["a", "b"]}}),
        f"{FORMAT}[/Resources/A] Every Condition member must be a string.",
    ),
    (given({"DeletionPolicy": "Keep"}), f"{FORMAT}Unrecognized DeletionPolicy Keep for resource A"),
    (
        given({"UpdateReplacePolicy": "RetainExceptOnCreate"}),
        f"{FORMAT}Unrecognized UpdateReplacePolicy RetainExceptOnCreate for resource A",
    ),
    (given({"DeletionPolicy": {"Ref": "AWS::Region"}}), f"{FORMAT}Every DeletionPolicy member must be a string."),
    (
        given({"DeletionPolicy": "Snapshot"}),
        "Template error: resource type AWS::SNS::Topic does not support deletion policy Snapshot",
    ),
    (
        {
            "Conditions": {"C": {"Fn::Not": [{"Condition": "D"}]}, "D": {"Fn::Not": [{"Condition": "C"}]}},
            "Resources": {"A": TOPIC},
        },
        f"{FORMAT}Circular dependency between conditions: [C, D]",
    ),
    (
        conditioned({"Fn::Equals": [{"Ref": "A"}, "a"]}),
        f"{FORMAT}Unresolved dependencies [A]. Cannot reference resources in the Conditions block of the template",
    ),
    (conditioned({"Fn::And": [{"Fn::Equals": ["a", "a"]}]}), f"Template error: every Fn::And object {BOOLEANS}"),
    (conditioned({"Fn::Or": [{"Fn::Equals": ["a", "a"]}] * 11}), f"Template error: every Fn::Or object {BOOLEANS}"),
    (
        conditioned({"Fn::Equals": ["a"]}),
        "Template error: every Fn::Equals object requires a list of 2 string parameters.",
    ),
    (shown({"Fn::If": ["C", "a"]}), "Template error: Fn::If requires a list argument with three elements"),
    (shown({"Fn::Join": ["-"]}), "Template error: every Fn::Join object requires two parameters"),
    (shown({"Fn::Join": ["-", "abc"]}), "Template error: every Fn::Join object requires two parameters"),
    (shown({"Fn::Sub": ["${X}"]}), "Template error: One or more Fn::Sub intrinsic functions"),
    (shown({"Fn::GetAtt": ["A"]}), "Template error: every Fn::GetAtt object requires two non-empty parameters"),
    (shown({"Ref": {"Ref": "A"}}), "Template error: every Ref object must have a single String value."),
    (shown({"Fn::Length": ["a"]}), f"{FORMAT}Fn::Length needs Transform: AWS::LanguageExtensions"),
    (shown({"Fn::Sub": "a${AWS::NoValue}"}), "the sandbox does not emulate AWS::NoValue in Fn::Sub"),
    (
        shown({"Fn::FindInMap": ["M", "a", "b"]}),
        "Template error: Mapping named 'M' is not present in the 'Mappings' section of template.",
    ),
    (
        shown({"Fn::Select": ["0", {"Fn::Cidr": ["abc", "1", "6"]}]}),
        "Template error: Fn::Cidr: 'abc' does not appear",
    ),
    (
        {**shown({"Fn::FindInMap": ["M", "a", "b"]}), "Mappings": {"M": {"a": "x"}}},
        f"{FORMAT}Every Mappings member a must be a map",
    ),
    (
        {**shown({"Fn::FindInMap": ["M", "a", "b"]}), "Mappings": {"M": {"a": {"b": {"Ref": "AWS::Region"}}}}},
        f"{FORMAT}Every Mappings attribute must be a String or a List.",
    ),
    (told({"Description": "x"}), f"{FORMAT}Every Outputs member must contain a Value object"),
    (told({"Value": ["a"]}), f"{FORMAT}The Value field of every Outputs member must evaluate to a String."),
    (told({"Value": "a"}, "X-Y"), f"{FORMAT}Output name X-Y is non alphanumeric."),
    (told({"Value": "a", "Export": {}}), f"{FORMAT}Output X is malformed. The Name field of every Export member"),
    (
        told({"Value": {"Fn::GetAtt": ["A", "Nope"]}}),
        "Template error: resource AWS::SNS::Topic does not support attribute type Nope in Fn::GetAtt",
    ),
    (looped(["N", ["a"]]), "Transform AWS::LanguageExtensions failed with: Fn::ForEach layout is incorrect"),
    (
        {"Resources": {"A": {"Type": "Custom::Thing", "Properties": {"ServiceToken": "x"}}, "B": TOPIC}},
        "the sandbox does not emulate Custom::Thing [A]",
    ),
    (
        {"Resources": {"A": {"Type": "AWS::CloudFormation::CustomResource", "Properties": {"ServiceToken": "x"}}}},
        "the sandbox does not emulate AWS::CloudFormation::CustomResource [A]",
    ),
]


@pytest.mark.parametrize(("document", "message"), REFUSED, ids=[message[:60] for _, message in REFUSED])
def test_what_aws_refuses_as_it_is_written(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        planned(json.dumps(document))
    assert str(refused.value.message).startswith(message)


BODY = {"info": {"title": "x"}, "paths": {"/a": {"get": {}}}}


@pytest.mark.parametrize(
    ("kind", "properties", "message"),
    [
        (
            "AWS::Serverless::Api",
            {"StageName": "p", "DefinitionBody": {"swagger": "2.0", **BODY}},
            "the sandbox does not emulate Body of AWS::ApiGateway::RestApi [A]",
        ),
        (
            "AWS::Serverless::HttpApi",
            {"DefinitionBody": {"openapi": "3.0.1", **BODY}},
            "the sandbox does not emulate AWS::ApiGatewayV2::Api [A], AWS::ApiGatewayV2::Stage [A",
        ),
    ],
)
def test_bodies_of_apis_are_refused_with_their_logical_id(kind: str, properties: Any, message: str) -> None:
    document = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {"A": {"Type": kind, "Properties": properties}},
    }
    with pytest.raises(ValidationError) as refused:
        planned(json.dumps(document))
    assert str(refused.value.message).startswith(message)


@pytest.mark.parametrize(
    ("text", "properties"),
    [
        ("Resources:\r\n  A:\r\n    Type: AWS::SQS::Queue\r\n    Properties: {QueueName: a}\r\n", {"QueueName": "a"}),
        ('\ufeff{"Resources": {"A": {"Type": "AWS::SQS::Queue"}}}', {}),
        (
            "Resources:\n  A:\n    Type: AWS::SNS::Topic\n    Properties:\n"
            "      DisplayName: !Sub ['${X}-${!Y}', {X: !Join ['-', [a, !Ref AWS::Region]]}]\n",
            {"DisplayName": "a-eu-west-1-${Y}"},
        ),
        (
            "Conditions: {C: !Equals [a, b]}\nResources:\n  A: {Type: AWS::SNS::Topic, DependsOn: B}\n"
            "  B: {Type: AWS::SNS::Topic, Condition: C}\n",
            {},
        ),
        (
            "Resources:\n  A:\n    Type: AWS::SNS::Topic\n"
            "    Properties: {DisplayName: !Select [0, !Cidr [10.0.0.5/24, 2, 6]]}\n",
            {"DisplayName": "10.0.0.0/26"},
        ),
        (
            "Transform: AWS::LanguageExtensions\nParameters: {P: {Type: String, Default: Retain}}\n"
            "Resources:\n  A: {Type: AWS::SQS::Queue, DeletionPolicy: !Ref P}\n",
            {},
        ),
    ],
)
def test_what_aws_takes_however_it_is_written(text: str, properties: dict[str, Any]) -> None:
    assert planned(text)["A"] == properties
