"""Units are held against what they take and what others give, when a release is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks import manifest
from tasks.domain.errors import InvalidInput
from tasks.engines import interface

INFRASTRUCTURE = Path(__file__).parents[2] / "infrastructure"

GIVES = 'output "address" { value = "x" }\noutput "ports" { value = [1] }\n'
TAKES = """
variable "name" { type = string }
variable "size" {
  type    = number
  default = 1
}
variable "zones" {
  type    = list(string)
  default = []
}
variable "labels" {
  type    = object({ team = string })
  default = null
}
variable "whatever" { default = null }
"""


def refuse(folder: Path, inputs: Any, needs: tuple[str, ...] = ("giver",)) -> None:
    """A platform of two units, the second with these inputs; raises what is wrong with it."""
    for unit, code in {"giver": GIVES, "taker": TAKES}.items():
        (folder / unit).mkdir(exist_ok=True)
        (folder / unit / "main.tf").write_text(code)
    common = {"engine": "terraform", "environments": ["dev"]}
    units = {
        "giver": {**common, "source": "giver"},
        "taker": {**common, "source": "taker", "needs": list(needs), "inputs": inputs},
    }
    environments = {"dev": {"account": "222222222222", "region": "eu-west-1"}}
    document = {"platform": "wired", "environments": environments, "units": units}
    (folder / "platform.yaml").write_text(yaml.safe_dump(document))
    manifest.refuse_miswired(folder, manifest.load(folder))


GOOD: list[dict[str, Any]] = [
    {"name": "x"},
    {"name": "{giver.address}"},
    {"name": "in {giver.address}", "size": 3, "zones": ["a"], "labels": {"team": "shop"}},
    {"name": 5, "whatever": "{giver.ports}"},
    # What kind an output of terraform is shows when it has a value.
    {"name": "x", "zones": "{giver.ports}"},
    {"name": "x", "zones": None},
]

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"nam": "x", "name": "x"}, r"units.taker.inputs.nam: 'nam' is not an input of this unit. Did you mean 'name'\?"),
    ({"size": 1}, "units.taker.inputs: name is missing: terraform cannot plan taker without it"),
    ({"name": ["x"]}, "units.taker.inputs.name: is a list, and the unit takes a string"),
    ({"name": "x", "size": "three"}, "inputs.size: is a string, and the unit takes a number"),
    ({"name": "x", "zones": "a"}, "inputs.zones: is a string, and the unit takes a list"),
    ({"name": "x", "labels": "shop"}, "inputs.labels: is a string, and the unit takes a map"),
    ({"name": "{giver.adress}"}, r"\{giver.adress\}: 'adress' is not an output of giver. Did you mean 'address'\?"),
    ({"name": "at {giver.adress}"}, "'adress' is not an output of giver"),
]


@pytest.mark.parametrize("inputs", GOOD, ids=str)
def test_what_fits_is_taken(tmp_path: Path, inputs: dict[str, Any]) -> None:
    refuse(tmp_path, inputs)


@pytest.mark.parametrize(("inputs", "told"), WRONG, ids=[str(inputs) for inputs, _ in WRONG])
def test_what_does_not_fit_is_told_with_its_place_and_what_would_be_right(
    tmp_path: Path, inputs: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidInput, match=told) as refused:
        refuse(tmp_path, inputs)
    assert "platform.yaml:" in str(refused.value)
    assert "(in dev)" in str(refused.value)


def test_code_that_is_none_is_told_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('variable "x" {')
    with pytest.raises(InvalidInput, match=r"main.tf: cannot be read as HCL"):
        interface("terraform", tmp_path, ".")


def test_flowmart_fits_together() -> None:
    manifest.refuse_miswired(INFRASTRUCTURE, manifest.load(INFRASTRUCTURE))


@pytest.mark.parametrize(
    ("engine", "file", "code"),
    [
        ("terraform", "main.tf", 'provider "aws" {}\n'),
        ("terraform", "main.tf", 'terraform {\n  backend "s3" {}\n}\n'),
        ("terraform", "main.tf", 'terraform {\n  required_providers { aws = { source = "hashicorp/aws" } }\n}\n'),
        ("cloudformation", "template.yaml", "Resources: {}\n"),
    ],
)
def test_a_unit_that_works_with_aws_needs_an_account(tmp_path: Path, engine: str, file: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        refuse_alone(tmp_path, {"engine": engine}, {file: code}, {})
    assert (
        f"units.app.engine: {engine} needs an AWS account: add `account` and `region` to the environment, "
        "or to this unit (in dev)"
    ) in str(refused.value)


def test_a_check_of_aws_needs_an_account(tmp_path: Path) -> None:
    check = {"name": "table", "kind": "aws", "fact": "table_active", "table": "carts"}
    with pytest.raises(InvalidInput, match=r"units\.app\.checks\[0\]\.kind: a check of AWS needs an AWS account"):
        refuse_alone(tmp_path, {"engine": "terraform", "checks": [check]}, {"main.tf": ""}, {})


@pytest.mark.parametrize(
    ("unit", "environment"),
    [
        ({}, {"account": "222222222222", "region": "eu-west-1"}),
        ({"account": "222222222222", "region": "us-east-1"}, {}),
    ],
)
def test_the_account_is_the_units_or_the_environments(
    tmp_path: Path, unit: dict[str, str], environment: dict[str, str]
) -> None:
    refuse_alone(tmp_path, {"engine": "terraform", **unit}, {"main.tf": 'provider "aws" {}\n'}, environment)


@pytest.mark.parametrize("code", ['provider "google" {}\n', 'resource "terraform_data" "aws" {}\n', ""])
def test_a_unit_of_another_cloud_needs_no_account(tmp_path: Path, code: str) -> None:
    refuse_alone(tmp_path, {"engine": "terraform"}, {"main.tf": code}, {})


def refuse_alone(folder: Path, unit: dict[str, Any], files: dict[str, str], environment: dict[str, str]) -> None:
    """A platform of one unit in one environment; raises what is wrong with it."""
    (folder / "app").mkdir()
    for name, text in files.items():
        (folder / "app" / name).write_text(text)
    units = {"app": {"source": "app", "environments": ["dev"], **unit}}
    document = {"platform": "wired", "environments": {"dev": environment}, "units": units}
    (folder / "platform.yaml").write_text(yaml.safe_dump(document))
    manifest.refuse_miswired(folder, manifest.load(folder))
