"""How much a stack may be: said before AWS is asked, and refused by the sandbox as AWS refuses it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from moto.cloudformation.exceptions import ValidationError

from deployments.sandbox.aws_server.cloudformation import quotas
from deployments.sandbox.aws_server.cloudformation.templates import Template
from tasks.domain.platform import Unit
from tasks.engines.cloudformation import limits, sources

QUEUE = {"Type": "AWS::SQS::Queue"}
LONG = "L" * 256


def many(count: int, value: Any) -> dict[str, Any]:
    return {f"A{number}": value for number in range(count)}


TEMPLATES: list[tuple[str, dict[str, Any], str, str]] = [
    ("resources", {"Resources": many(501, QUEUE)}, "501 Resources, of which", "Number of resources, 501, is greater"),
    ("parameters", {"Parameters": many(201, {"Type": "String"})}, "201 Parameters", "Number of parameters, 201, is"),
    (
        "outputs",
        {"Outputs": many(201, {"Value": "a"})},
        "201 Outputs",
        "Outputs count 201 is greater than max allowed",
    ),
    ("mappings", {"Mappings": many(201, {"a": {"b": "c"}})}, "201 Mappings", "Number of mappings, 201, is greater"),
    ("attributes", {"Mappings": {"M": many(201, {})}}, "M has 201 attributes", "attributes of mapping M, 201"),
    ("name", {"Resources": {LONG: QUEUE}}, "is longer than 255 characters", "may not exceed 255 characters"),
    ("description", {"Description": "é" * 513}, "longer than the 1024 bytes", "'Description' length is greater than"),
]


@pytest.mark.parametrize(("document", "said", "told"), [t[1:] for t in TEMPLATES], ids=[t[0] for t in TEMPLATES])
def test_a_template_that_is_too_much_is_refused(document: dict[str, Any], said: str, told: str) -> None:
    full = {"Resources": {"Q": QUEUE}, **document}
    [found] = limits.of_template(full)
    assert said in found
    made = Template(json.dumps(full), {}, "id", "stack", "222222222222", "eu-west-1")
    with pytest.raises(ValidationError, match="Template format error: ") as refused:
        _ = made.document
    assert told in refused.value.message


def test_a_template_that_is_just_not_too_much_is_taken() -> None:
    full = {"Resources": many(500, QUEUE), "Parameters": many(200, {"Type": "String"}), "Description": "x" * 1024}
    assert list(limits.of_template(full)) == []
    quotas.refuse_much(full)


def test_a_name_of_digits_alone_is_a_name() -> None:
    full = {"Resources": {1: QUEUE}, "Mappings": {123456789012: {"a": {"b": "c"}}}}
    assert list(limits.of_template(full)) == []
    [found] = limits.of_template({"Mappings": {int("1" * 256): {}}})
    assert "Mappings: the name 11111111111111111111... is longer than 255" in found


@pytest.mark.parametrize(
    ("stack", "value", "tags", "said", "told"),
    [
        ("1st", "", {}, "1st is not a valid name of a stack", "at 'stackName' failed to satisfy constraint"),
        ("a" * 129, "", {}, "is not a valid name of a stack", "length less than or equal to 128"),
        ("one", "é" * 2049, {}, "parameter Name: longer than the 4,096 bytes", "must contain at most 4096 bytes"),
        ("one", "", many(51, "x"), "Tags: 51, of which", "at 'tags' failed to satisfy constraint"),
        ("one", "", {"k" * 129: "x"}, "a key has 1 to 128 characters", "a key has 1 to 128 characters"),
        ("one", "", {"k": "x" * 257}, "a value at most 256", "a value at most 256"),
        ("one", "", {"aws:mine": "x"}, "keys that begin with aws:", "aws: prefixed tag key names are not allowed"),
    ],
)
def test_what_is_given_and_is_too_much_is_refused(
    stack: str, value: str, tags: dict[str, str], said: str, told: str
) -> None:
    [found] = limits.of_request(stack, {"Name": value}, tags)
    assert said in found
    with pytest.raises(ValidationError) as refused:
        quotas.refuse_request(stack, {"Name": value}, [{"Key": key, "Value": value} for key, value in tags.items()])
    assert told in refused.value.message


def test_what_is_given_and_just_not_too_much_is_taken() -> None:
    assert list(limits.of_request("a" * 128, {"Name": "x" * 4096}, many(50, "x" * 256))) == []


@pytest.mark.parametrize(
    ("most", "told"),
    [(quotas.IN_REQUEST, "'templateBody' failed to satisfy"), (quotas.IN_BUCKET, "may not exceed 1000000 bytes")],
)
def test_a_template_of_too_many_bytes_is_refused(most: int, told: str) -> None:
    quotas.refuse_large("x" * most, most)
    with pytest.raises(ValidationError) as refused:
        quotas.refuse_large("x" * (most + 1), most)
    assert told in refused.value.message


def test_a_nested_template_that_is_too_much_is_named_when_a_release_is_made(tmp_path: Path) -> None:
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "nested.json"}}
    (tmp_path / "template.json").write_text(json.dumps({"Resources": {"Nested": nested}}))
    (tmp_path / "nested.json").write_text(json.dumps({"Resources": many(501, QUEUE)}))
    [found] = sources.faults(tmp_path, Unit("one", "cloudformation", ".", ("dev",)))
    assert found.startswith("nested.json: 501 Resources")


KEEP = {"Effect": "Deny", "Action": ["Update:Replace"], "Principal": "*", "Resource": "LogicalResourceId/Orders"}


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({"Statement": [KEEP]}, ""),
        ({"Statement": KEEP}, ""),
        ({"Statement": []}, "has no Statement"),
        ([KEEP], "has no Statement"),
        ({"Statement": [{**KEEP, "Effect": "deny"}]}, "Effect is 'deny'; it is Allow or Deny"),
        ({"Statement": [{**KEEP, "Principal": "arn:aws:iam::222222222222:root"}]}, 'Principal can only be "[*]"'),
        ({"Statement": [{**KEEP, "Action": "Update:All"}]}, "'Update:All' is none of Update:[*], Update:Delete"),
        ({"Statement": [{key: KEEP[key] for key in KEEP if key != "Resource"}]}, "a statement has no Resource"),
    ],
)
def test_a_stack_policy_that_cannot_be_set_is_refused_before_the_stack_is_updated(policy: Any, told: str) -> None:
    found = [*limits.of_policy(policy)]
    assert (re.search(told, found[0]) is not None) if told else found == []
