"""Templates that CloudFormation refuses: reading them never breaks, so that its refusal is what is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import InvalidInput
from tasks.domain.values import UNKNOWN
from tasks.engines.cloudformation import values
from tasks.engines.cloudformation.documents import document_of, parsed

TOPIC = {"Type": "AWS::SNS::Topic"}


def test_json_with_comments_is_told_to_be_no_json() -> None:
    with pytest.raises(ValueError, match=r"is not valid JSON \(which has no comments\): .* line 2"):
        document_of('{\n  // the topic\n  "Resources": {"A": {"Type": "AWS::SNS::Topic"}}\n}')


def test_a_template_may_be_in_the_flow_style_of_yaml() -> None:
    assert document_of("{Resources: {A: {Type: AWS::SNS::Topic}}}")["Resources"] == {"A": TOPIC}


def resource(value: Any, **sections: Any) -> Any:
    """What a property comes to."""
    document = {"Resources": {"A": {**TOPIC, "Properties": {"DisplayName": value}}}, **sections}
    return values.resources(document, {}, {"AWS::Region": "eu-west-1"})["A"].properties["DisplayName"]


@pytest.mark.parametrize(
    "value",
    [
        {"Fn::Join": ["-"]},
        {"Fn::Join": "x"},
        {"Fn::If": ["C"]},
        {"Fn::If": ["Nope", "a", "b"]},
        {"Fn::Sub": ["${X}"]},
        {"Fn::Sub": 3},
        {"Fn::FindInMap": ["M", "a"]},
        {"Fn::FindInMap": ["M", "a", "b"]},
        {"Ref": {"Ref": "X"}},
        {"Ref": ["X"]},
    ],
    ids=str,
)
def test_a_function_of_another_form_is_unknown(value: Any) -> None:
    assert resource(value, Mappings={"M": {"a": "x"}}, Conditions={"C": {"Fn::Equals": ["a", "a"]}}) == UNKNOWN


@pytest.mark.parametrize(
    "conditions",
    [
        {"C": {"Fn::Not": [{"Condition": "D"}]}, "D": {"Fn::Not": [{"Condition": "C"}]}},
        {},
        {"C": "true"},
        {"C": [1]},
        {"C": None},
        {"C": {"Fn::Equals": ["a"]}},
        {"C": {"Fn::Contains": [["a"], "a"]}},
    ],
    ids=str,
)
def test_what_has_a_condition_that_cannot_be_told_may_be_there(conditions: dict[str, Any]) -> None:
    exported = {"Value": "a", "Condition": "C", "Export": {"Name": "n"}}
    document = {"Conditions": conditions, "Resources": {"A": {**TOPIC, "Condition": "C"}}, "Outputs": {"X": exported}}
    assert [*values.resources(document, {}, {})] == ["A"]
    assert values.exports(document, {}, {}) == {"n"}


def test_a_condition_that_is_asked_twice_is_no_circle() -> None:
    conditions = {
        "C": {"Fn::Equals": ["a", "a"]},
        "D": {"Fn::And": [{"Condition": "C"}, {"Fn::Not": [{"Fn::Not": [{"Condition": "C"}]}]}]},
    }
    assert resource({"Fn::If": ["D", "yes", "no"]}, Conditions=conditions) == "yes"


@pytest.mark.parametrize("export", ["n", {}])
def test_an_export_without_a_name_is_unknown(export: Any) -> None:
    document = {"Resources": {"A": TOPIC}, "Outputs": {"X": {"Value": "a", "Export": export}}}
    assert values.exports(document, {}, {}) == {UNKNOWN}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Parameters: [a]\nResources: {}\n", r"Parameters should be a mapping of names, not \['a'\]"),
        ("Parameters: {P: String}\nResources: {}\n", "Parameters: P should be a mapping with a Type, not 'String'"),
        ("Outputs: [a]\nResources: {}\n", "Outputs should be a mapping of names"),
        ("Mappings: text\nResources: {}\n", "Mappings should be a mapping of names"),
        ("Resources: {A: !!timestamp 2026-12-31}\n", "CloudFormation takes no timestamp"),
        ("Resources: {A: !!set {b}}\n", "CloudFormation takes no set"),
        ("Resources: &a\n  A: *a\n", "holds a YAML alias inside of what it stands for"),
    ],
)
def test_what_is_no_template_is_told_with_its_file(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "template.yaml"
    file.write_text(text)
    with pytest.raises(InvalidInput, match=rf"template\.yaml: {message}"):
        parsed(file)


def test_anchors_that_are_used_twice_are_no_circle() -> None:
    text = "Resources:\n  A: &a {Type: AWS::SNS::Topic}\n  B: *a\n  C:\n    <<: *a\n"
    assert document_of(text)["Resources"] == {"A": TOPIC, "B": TOPIC, "C": TOPIC}
