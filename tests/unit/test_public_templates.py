"""The command over public templates: which files are templates, what parameters get, and what is counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.public_templates.__main__ import counts, line
from tests.public_templates.results import Results
from tests.public_templates.story import End, Told
from tests.public_templates.templates import below_of, images_of, templates_of
from tests.public_templates.values import Neighbours, values_for

CERTIFICATE = "AWS::CertificateManager::Certificate::Id"
THERE = Neighbours(
    {"AWS::EC2::Subnet::Id": ("subnet-a", "subnet-b"), "AWS::EC2::VPC::Id": ("vpc-a",), CERTIFICATE: ("c-1",)},
    lambda name: name == "/there",
)


def test_templates_are_files_with_resources(tmp_path: Path) -> None:
    (tmp_path / "nested").mkdir()
    (tmp_path / "nested" / "one.yaml").write_text("Resources: {Q: {Type: 'AWS::SQS::Queue'}}")
    (tmp_path / "two.json").write_text('{"Resources": {"I": {"Ref": "ami-0123456789abcdef0"}}}')
    (tmp_path / "no.yaml").write_text("- a list")
    (tmp_path / "text.md").write_text("Resources: {}")
    found = list(templates_of(tmp_path))
    assert [template.name for template in found] == ["nested/one.yaml", "two.json"]
    assert images_of(found) == ["ami-0123456789abcdef0"]


@pytest.mark.parametrize(
    ("slots", "values"),
    [
        ({"A": {"Type": "String", "Default": "kept"}}, {}),
        ({"A": {"Type": "String", "AllowedValues": ["x", "y"]}}, {"A": "x"}),
        ({"A": {"Type": "Number", "MinValue": 7}}, {"A": "7"}),
        ({"VpcId": {"Type": "String"}}, {"VpcId": "vpc-a"}),
        ({"CertificateIdentifier": {"Type": "String"}}, {"CertificateIdentifier": "c-1"}),
        ({"A": {"Type": "List<AWS::EC2::Subnet::Id>"}}, {"A": "subnet-a,subnet-b"}),
        (
            {name: {"Type": "AWS::EC2::Subnet::Id"} for name in ("One", "Two")},
            {"One": "subnet-a", "Two": "subnet-b"},
        ),
        ({"A": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/there"}}, {}),
        ({"Email": {"Type": "String", "AllowedPattern": ".+@.+"}}, {"Email": "someone@flowmart.example"}),
        ({"A": {"Type": "String", "AllowedPattern": r"10\..*/24"}}, {"A": "10.1.0.0/24"}),
        ({"A": {"Type": "AWS::EC2::VPC::Id", "Default": ""}}, {"A": "vpc-a"}),
    ],
)
def test_parameters_without_a_value_get_one_that_fits(slots: dict[str, Any], values: dict[str, str]) -> None:
    assert values_for({"Parameters": slots}, THERE) == values


def test_a_parameter_of_the_systems_manager_that_is_missing_gets_another() -> None:
    slot = {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": "/missing"}
    assert values_for({"Parameters": {"A": slot}}, THERE)["A"].startswith("/aws/service/ami-amazon-linux-latest/")


@pytest.mark.parametrize(
    ("name", "below"),
    [
        ("ECS/Fargate/services/public-service.json", "ECS/Fargate/clusters/public-vpc.yaml"),
        ("S3/bucket.yaml", ""),
    ],
)
def test_services_need_the_stack_of_their_cluster(name: str, below: str) -> None:
    assert below_of(name) == below


def test_every_end_is_counted_and_what_is_missing_by_type() -> None:
    told = [
        Told(End.THROUGH),
        Told(End.NOT_EMULATED, "plan", "Tags of AWS::IoT::Thing"),
        Told(End.NOT_EMULATED, "plan", "Tags of AWS::IoT::Other"),
        Told(End.FAILED, "create", "no"),
    ]
    assert counts(told) == [
        "   1 went through",
        "   2 not emulated",
        "   0 refused",
        "   1 failed",
        "   4 templates",
        "   2 x not emulated: Tags",
    ]
    assert line("a.yaml", told[3]) == "failed        a.yaml  create: no"


def test_a_run_that_was_cut_off_goes_on_with_the_results_that_it_has(tmp_path: Path) -> None:
    ends = {"a.yaml": Told(End.THROUGH), "b.yaml": Told(End.FAILED, "create", "no")}
    for name, told in ends.items():
        Results(tmp_path / "results.jsonl").keep(name, told)
    assert Results(tmp_path / "results.jsonl").told == ends
