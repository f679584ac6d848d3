"""Units are held against what they take and what others give, when a release is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks import manifest
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Unit
from tasks.engines import interface

INFRASTRUCTURE = Path(__file__).parents[2] / "infrastructure"

BACKEND = 'terraform {{\n  backend "local" {{ path = "/states/{}.tfstate" }}\n}}\n'
GIVES = 'output "address" { value = "x" }\noutput "ports" { value = [1] }\n'
STATE = BACKEND.format("app")
PINNED = 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", version = "6.0.0" }\n  }\n}\n'
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
        (folder / unit / "main.tf").write_text(BACKEND.format(unit) + code)
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
        interface(tmp_path, Unit("x", "terraform", ".", ("dev",)))


def test_flowmart_fits_together() -> None:
    manifest.refuse_miswired(INFRASTRUCTURE, manifest.load(INFRASTRUCTURE))


@pytest.mark.parametrize(
    ("engine", "file", "code"),
    [
        ("terraform", "main.tf", 'provider "aws" {}\n'),
        ("terraform", "main.tf", 'terraform {\n  backend "s3" {}\n}\n'),
        ("terraform", "main.tf", 'terraform {\n  required_providers { aws = { source = "hashicorp/aws" } }\n}\n'),
        ("terraform", "main.tofu", 'provider "aws" {}\n'),
        ("terraform", "main.tf.json", '{"provider": {"aws": {}}}'),
        ("terraform", "main.tf.json", '{"terraform": {"backend": {"s3": {"bucket": "b"}}}}'),
        ("terraform", "main.tf.json", '{"terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}}}'),
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
    refuse_alone(tmp_path, {"engine": "terraform", **unit}, {"main.tf": STATE + PINNED}, environment)


@pytest.mark.parametrize("code", [PINNED.replace("aws", "google"), 'resource "terraform_data" "aws" {}\n', ""])
def test_a_unit_of_another_cloud_needs_no_account(tmp_path: Path, code: str) -> None:
    refuse_alone(tmp_path, {"engine": "terraform"}, {"main.tf": STATE + code}, {})


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("", 'it has no backend, so its state would be lost with each run .*: add one, such as backend "s3"'),
        (
            'terraform {\n  backend "local" {}\n}\n',
            "has the relative path terraform.tfstate, in the temporary checkout",
        ),
        ('terraform {\n  backend "local" { path = "../x" }\n}\n', r"has the relative path \.\./x, in the temporary"),
        ('terraform {\n  backend "inmem" {}\n}\n', 'its backend "inmem" forgets its state with each command'),
        (STATE + 'module "m" { source = "terraform-aws-modules/vpc/aws" }\n', "module m has no version"),
        (
            STATE + 'module "m" {\n source = "a/b/c"\n version = "~> 5.0"\n}\n',
            "module m has the version ~> 5.0, so env",
        ),
        (STATE + 'module "m" { source = "git::https://x.example/m.git" }\n', "is the newest commit of .*: add .ref="),
        (
            STATE + 'module "m" { source = "git@x.example:m.git?ref=main" }\n',
            "module m follows the branch main: use a",
        ),
        (STATE + 'module "m" { source = "../../m" }\n', r"module m is \.\./\.\./m, outside of infrastructure/"),
    ],
)
def test_what_is_wrong_with_a_terraform_root_is_told_when_a_release_is_made(
    tmp_path: Path, code: str, told: str
) -> None:
    with pytest.raises(InvalidInput, match=rf"units\.app\.source: app: .*{told}.* \(in dev\)"):
        refuse_alone(tmp_path / "infrastructure", {"engine": "terraform"}, {"main.tf": code}, {})


@pytest.mark.parametrize("file", ["a.tfcomponent.hcl", "a.tfstack.hcl", "a.tfdeploy.hcl"])
def test_code_of_terraform_stacks_is_not_passed_over_in_silence(tmp_path: Path, file: str) -> None:
    with pytest.raises(
        InvalidInput, match=rf"app: {file} is code of Terraform Stacks, which only HCP Terraform runs"
    ):
        refuse_alone(tmp_path, {"engine": "terraform"}, {"main.tf": STATE, file: ""}, {})


@pytest.mark.parametrize(
    "call",
    [
        'source = "terraform-aws-modules/vpc/aws"\n version = "5.1.2"',
        'source = "app.example.io/shop/vpc/aws//nested"\n version = "= 5.1.2"',
        'source = "git::https://x.example/m.git//a?ref=v1.2.0"',
        'source = "github.com/x/y?depth=1&ref=0a1b2c3d"',
        'source = "s3::https://s3.amazonaws.com/b/m.zip"',
    ],
)
def test_modules_of_one_version_are_taken(tmp_path: Path, call: str) -> None:
    code = f'{STATE}module "m" {{\n {call}\n}}\n'
    refuse_alone(tmp_path, {"engine": "terraform"}, {"main.tf": code}, {})


FLOATING = 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", version = "~> 6.0" }\n  }\n}\n'


@pytest.mark.parametrize(
    ("code", "floating"),
    [
        (FLOATING, "aws"),
        ('resource "random_id" "x" { byte_length = 4 }\n', "random"),
        (PINNED + 'data "tls_public_key" "x" {}\nprovider "aws" {}\n', "tls"),
        ('terraform {\n  required_providers { null = ">= 3" }\n}\n', "null"),
    ],
)
def test_providers_that_float_are_refused_unless_there_is_a_lock_file(
    tmp_path: Path, code: str, floating: str
) -> None:
    account = {"account": "222222222222", "region": "eu-west-1"}
    told = rf"environments may get different versions of {floating}: commit \.terraform\.lock\.hcl"
    with pytest.raises(InvalidInput, match=told):
        refuse_alone(tmp_path / "without", {"engine": "terraform"}, {"main.tf": STATE + code}, account)
    files = {"main.tf": STATE + code, ".terraform.lock.hcl": ""}
    refuse_alone(tmp_path / "with", {"engine": "terraform"}, files, account)


def test_what_is_built_in_needs_no_version(tmp_path: Path) -> None:
    refuse_alone(tmp_path, {"engine": "terraform"}, {"main.tf": STATE + 'resource "terraform_data" "x" {}\n'}, {})


def test_a_backend_may_be_in_json(tmp_path: Path) -> None:
    code = '{"terraform": [{"backend": {"local": {"path": "/states/app.tfstate"}}}]}'
    refuse_alone(tmp_path, {"engine": "terraform"}, {"main.tf.json": code, "empty.tf": ""}, {})


@pytest.mark.parametrize("file", ["network.auto.tfvars", "a.auto.tfvars.json"])
def test_an_input_that_a_file_sets_too_is_refused(tmp_path: Path, file: str) -> None:
    files = {"main.tf": f'{STATE}variable "size" {{}}\n', file: '{"size": 1}' if "json" in file else "size = 1\n"}
    with pytest.raises(InvalidInput, match=rf"{file} sets size, which the unit's inputs set too: remove one of them"):
        refuse_alone(tmp_path, {"engine": "terraform", "inputs": {"size": 7}}, files, {})


def test_a_file_may_set_what_is_no_input(tmp_path: Path) -> None:
    variables = 'variable "size" {}\nvariable "name" {}\n'
    files = {"main.tf": STATE + variables, "a.auto.tfvars": 'name = "x"\n', "terraform.tfvars": "size = 1\n"}
    refuse_alone(tmp_path, {"engine": "terraform", "inputs": {"size": 7}}, files, {})


@pytest.mark.parametrize(
    ("one", "other", "place"),
    [
        ('"s3" {\n bucket = "b"\n key = "k"\n}', '"s3" {\n bucket = "b"\n key = "./k"\n}', "s3://b/k"),
        ('"local" { path = "/s/x" }', '"local" { path = "/s//x" }', "/s/x"),
        ('"gcs" {\n bucket = "b"\n prefix = "p"\n}', '"gcs" {\n bucket = "b"\n prefix = "p"\n}', "gs://b/p/"),
        ('"http" { address = "https://x/y" }', '"http" { address = "https://x/y" }', "https://x/y"),
    ],
)
def test_two_units_on_one_state_are_refused(tmp_path: Path, one: str, other: str, place: str) -> None:
    for name, backend in {"one": one, "other": other}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.tf").write_text(f"terraform {{\n  backend {backend}\n}}\n")
    units = {name: {"engine": "terraform", "source": name, "environments": ["dev"]} for name in ("one", "other")}
    environment = {"account": "222222222222", "region": "eu-west-1"}
    document = {"platform": "wired", "environments": {"dev": environment}, "units": units}
    (tmp_path / "platform.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(
        InvalidInput, match=rf"units\.other\.source: keeps its state in {place}.*, as one in dev does"
    ):
        manifest.refuse_miswired(tmp_path, manifest.load(tmp_path))


def test_one_state_in_two_environments_is_refused(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.tf").write_text(STATE)
    unit = {"engine": "terraform", "source": "app", "environments": ["dev", "production"]}
    environments = {"dev": {}, "production": {"after": "dev"}}
    document = {"platform": "wired", "environments": environments, "units": {"app": unit}}
    (tmp_path / "platform.yaml").write_text(yaml.safe_dump(document))
    told = r"keeps its state in /states/app\.tfstate, as app in dev does: each needs .* of its own \(in production\)"
    with pytest.raises(InvalidInput, match=told):
        manifest.refuse_miswired(tmp_path, manifest.load(tmp_path))


def refuse_alone(folder: Path, unit: dict[str, Any], files: dict[str, str], environment: dict[str, str]) -> None:
    """A platform of one unit in one environment; raises what is wrong with it."""
    (folder / "app").mkdir(parents=True)
    for name, text in files.items():
        (folder / "app" / name).write_text(text)
    units = {"app": {"source": "app", "environments": ["dev"], **unit}}
    document = {"platform": "wired", "environments": {"dev": environment}, "units": units}
    (folder / "platform.yaml").write_text(yaml.safe_dump(document))
    manifest.refuse_miswired(folder, manifest.load(folder))
