"""SAM in the sandbox: what is made of a template, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.cloudformation.exceptions import ValidationError

from deployments.sandbox.aws_server.cloudformation.refusals import refuse_not_emulated
from deployments.sandbox.aws_server.cloudformation.templates import Template

CODE = {"Handler": "shop.handler", "Runtime": "python3.12", "CodeUri": "s3://flowmart-code/shop.zip"}


def template(resources: dict[str, Any], **sections: Any) -> Template:
    document = {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources, **sections}
    return Template(json.dumps(document), {}, "id", "shop", "222222222222", "eu-west-1")


def function(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::Serverless::Function", "Properties": {**CODE, **properties}}


def test_a_function_becomes_what_aws_makes_of_it() -> None:
    events = {
        "Tick": {"Type": "Schedule", "Properties": {"Schedule": "rate(1 hour)"}},
        "Jobs": {"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": ["Queue", "Arn"]}}},
    }
    resources = {"Shop": function(AutoPublishAlias="live", Events=events), "Queue": {"Type": "AWS::SQS::Queue"}}
    made = template(resources, Globals={"Function": {"Timeout": 7}})
    assert sorted(body["Type"] for body in made.resources.values()) == [
        *("AWS::Events::Rule", "AWS::IAM::Role", "AWS::Lambda::Alias", "AWS::Lambda::EventSourceMapping"),
        *("AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::Lambda::Version", "AWS::SQS::Queue"),
    ]
    shop = made.properties("Shop", {})
    assert (shop["Timeout"], shop["Code"]) == (7, {"S3Bucket": "flowmart-code", "S3Key": "shop.zip"})
    refuse_not_emulated(made)
    processed = json.loads(made.processed)
    assert ("Transform" in processed, processed["Resources"]["Shop"]["Type"]) == (False, "AWS::Lambda::Function")


def test_loops_are_written_out_before() -> None:
    loop = {"Fn::ForEach::Shops": ["Name", ["One", "Two"], {"${Name}": function(Description={"Ref": "Name"})}]}
    text = {"Transform": ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"], "Resources": loop}
    made = Template(json.dumps(text), {}, "id", "shop", "222222222222", "eu-west-1")
    assert {"One", "Two"} <= made.resources.keys()


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        (
            {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "a"}},
            r"Resource with id \[It\] is invalid",
        ),
        (function(Events={"A": {"Type": "Nothing"}}), r"Resource with id \[ItA?\] is invalid"),
    ],
)
def test_what_aws_refuses_is_refused_in_its_words(resource: dict[str, Any], told: str) -> None:
    begins = "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document"
    with pytest.raises(ValidationError, match=f"{begins}.*{told}"):
        _ = template({"It": resource}).document


def test_what_comes_out_and_is_not_emulated_is_refused_by_its_type() -> None:
    made = template({"Api": {"Type": "AWS::Serverless::HttpApi", "Properties": {"DefinitionBody": {"paths": {}}}}})
    with pytest.raises(ValidationError, match="the sandbox does not emulate AWS::ApiGatewayV2::Api"):
        refuse_not_emulated(made)
