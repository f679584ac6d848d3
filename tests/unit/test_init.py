"""`flowmart init`: what it makes of repositories of many shapes. Whatever it writes loads without an error."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments import cli
from tasks import manifest
from tasks.domain.platform import Platform

AWS = 'provider "aws" { region = "eu-central-1" }\n# account 123456789012\n'
CHART = "apiVersion: v2\nname: cart\nversion: 1.0.0\n"
TEMPLATE = "AWSTemplateFormatVersion: '2010-09-09'\nResources: {Topic: {Type: AWS::SNS::Topic}}\n"
PLAY = "- hosts: all\n  tasks: []\n"
IMAGE = "".join(f'variable "{name}" {{}}\n' for name in ("name", "region", "accounts", "tags"))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "My Shop"
    folder.mkdir()
    monkeypatch.setenv("FLOWMART_REPOSITORY", str(folder))
    monkeypatch.setenv("FLOWMART_PROFILE", "none")
    return folder


def written(repository: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        file = repository / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def started(repository: Path, files: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> tuple[Platform, Any]:
    """The platform that was written, and what was said."""
    written(repository, {f"infrastructure/{path}": text for path, text in files.items()})
    assert cli.run(["init", "--json"]) == 0
    return manifest.load(repository / "infrastructure"), json.loads(capsys.readouterr().out)


def units(platform: Platform) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    return {unit.name: (unit.engine, unit.source, unit.environments) for unit in platform.units}


SHAPES: dict[str, tuple[dict[str, str], dict[str, tuple[str, str, tuple[str, ...]]]]] = {
    "a root for each environment": (
        {
            "terraform/envs/prod/main.tf": AWS,
            "terraform/envs/dev/main.tf": AWS,
            "terraform/envs/staging/main.tf": AWS,
        },
        {"terraform": ("terraform", "terraform/envs/{environment}", ("dev", "staging", "prod"))},
    ),
    "environments, then units": (
        {
            "live/dev/network/main.tf": AWS,
            "live/dev/database/main.tf": AWS,
            "live/prod/network/main.tf": AWS,
        },
        {
            "database": ("terraform", "live/{environment}/database", ("dev",)),
            "network": ("terraform", "live/{environment}/network", ("dev", "prod")),
        },
    ),
    "regions beside environments": (
        {f"terraform/{name}/main.tf": AWS for name in ("dev", "prod", "eu", "us", "us-east-1", "dns")},
        {
            "dns": ("terraform", "terraform/dns", ("dev",)),
            "terraform": ("terraform", "terraform/{environment}", ("dev", "prod", "eu", "us", "us-east-1")),
        },
    ),
    "regions in environments": (
        {f"live/{name}/network/main.tf": AWS for name in ("dev/eu", "prod/eu", "prod/us")},
        {
            "eu-network": ("terraform", "live/{environment}/eu/network", ("dev", "prod")),
            "us-network": ("terraform", "live/{environment}/us/network", ("prod",)),
        },
    ),
    "another environment with the same units": (
        {f"live/{name}/main.tf": AWS for name in ("dev/app", "prod/app", "demo/app", "lab/other")},
        {
            "app": ("terraform", "live/{environment}/app", ("dev", "prod", "demo")),
            "lab-other": ("terraform", "live/lab/other", ("dev",)),
        },
    ),
    "values by region": (
        {
            "charts/cart/Chart.yaml": CHART,
            **{f"charts/cart/values/{name}.yaml": "{}" for name in ("dev", "eu", "big")},
        },
        {"cart": ("helm", "charts/cart", ("dev", "eu"))},
    ),
    "units, then environments": (
        {"network/dev/main.tf": AWS, "network/prod-eu/main.tf": AWS, "network/prod-us/main.tf": AWS},
        {"network": ("terraform", "network/{environment}", ("dev", "prod-eu", "prod-us"))},
    ),
    "roots that call modules": (
        {
            "dev/main.tf": AWS + 'module "vpc" {\n  source = "../parts/vpc"\n}\n',
            "parts/vpc/main.tf": "",
            "modules/unused/main.tf": "",
        },
        {"terraform": ("terraform", "{environment}", ("dev",))},
    ),
    "a root without an environment": (
        {"terraform/dns/main.tf": "", "terraform/dev/app/main.tf": "", "terraform/prod/app/main.tf": ""},
        {
            "app": ("terraform", "terraform/{environment}/app", ("dev", "prod")),
            "dns": ("terraform", "terraform/dns", ("dev",)),
        },
    ),
    "charts, with values by environment": (
        {
            "charts/cart/Chart.yaml": CHART,
            "charts/cart/values/dev.yaml": "{}",
            "charts/cart/values/production.yaml": "{}",
            "charts/cart/charts/inner/Chart.yaml": CHART,
            "charts/common/Chart.yaml": f"{CHART}type: library\n",
        },
        {"cart": ("helm", "charts/cart", ("dev", "production"))},
    ),
    "bases and overlays": (
        {
            "k8s/base/kustomization.yaml": "resources: []",
            "k8s/overlays/dev/kustomization.yaml": "resources: [../../base]",
            "k8s/overlays/prod/kustomization.yaml": "resources: [../../base]",
        },
        {"kustomize": ("kustomize", "k8s/overlays/{environment}", ("dev", "prod"))},
    ),
    "templates with parameters": (
        {"cfn/queue/template.yaml": TEMPLATE, "cfn/queue/parameters/dev.yaml": "{}"},
        {"queue": ("cloudformation", "cfn/queue", ("dev",))},
    ),
    "images and hosts": (
        {"packer/base/image.pkr.hcl": IMAGE, "ansible/bastion/playbook.yml": PLAY},
        {"bastion": ("ansible", "ansible/bastion", ("dev",)), "base": ("packer", "packer/base", ("dev",))},
    ),
    "two that would have the same name": (
        {"charts/cart/Chart.yaml": CHART, "cfn/cart/template.yaml": TEMPLATE},
        {"cart": ("cloudformation", "cfn/cart", ("dev",)), "cart-helm": ("helm", "charts/cart", ("dev",))},
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_it_finds_the_units_of(shape: str, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files, expected = SHAPES[shape]
    platform, _ = started(repository, files, capsys)
    assert units(platform) == expected
    assert platform.name == "my-shop"


def test_environments_follow_each_other_by_their_names(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {f"{name}/app/main.tf": "" for name in ("prod", "qa", "shared", "dev", "staging")}
    platform, _ = started(repository, files, capsys)
    assert [(each.name, each.after) for each in platform.environments] == [
        ("shared", ()),
        ("dev", ("shared",)),
        ("qa", ("dev",)),
        ("staging", ("qa",)),
        ("prod", ("staging",)),
    ]


def test_accounts_and_regions_are_taken_from_the_environments_own_files(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "dev/main.tf": AWS,
        "prod/main.tf": 'provider "aws" {}\n',
        "prod/terraform.tfvars": 'region = "us-west-2"\n',
    }
    platform, _ = started(repository, files, capsys)
    found = {each.name: (each.account, each.region) for each in platform.environments}
    assert found == {"dev": ("123456789012", "eu-central-1"), "prod": ("000000000000", "us-west-2")}
    text = (repository / "infrastructure/platform.yaml").read_text()
    assert '"123456789012"  # guess: found in dev/main.tf' in text
    assert "# guess: no account was found: write its 12 digits" in text


def test_what_needs_no_aws_gets_no_account(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    platform, _ = started(repository, {"charts/cart/Chart.yaml": CHART}, capsys)
    assert [(each.account, bool(each.cluster)) for each in platform.environments] == [("", True)]


def test_every_guess_has_a_comment(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    started(repository, {"dev/main.tf": AWS, "prod/main.tf": AWS, "charts/cart/Chart.yaml": CHART}, capsys)
    lines = (repository / "infrastructure/platform.yaml").read_text().splitlines()
    guessed = [line for line in lines if line.lstrip().partition(":")[0] in _GUESSED]
    assert len(guessed) > 8
    assert [line for line in guessed if "# guess: " not in line] == []


_GUESSED = {"platform", "after", "account", "region", "cluster", "environments", "inputs"} - {"environments"}


def test_what_is_not_taken_is_said_with_the_reason(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {
        "dev/main.tf": "",
        "modules/vpc/main.tf": "",
        "cfn/topic.yaml": TEMPLATE,
        "cfn/queue.yaml": TEMPLATE,
        "ansible/site.yml": PLAY,
        "ansible/reboot.yml": PLAY,
        "ansible/dev/playbook.yml": "- hosts: all\n  roles: [nowhere]\n",
        "packer/base/image.pkr.hcl": "",
        "live/terragrunt.hcl": "",
    }
    _, said = started(repository, files, capsys)
    left = {each["place"]: each["why"] for each in said["left"]}
    assert left["modules/vpc"] == "a Terraform module"
    assert left["cfn/topic.yaml"].endswith("move it to a folder of its own, as template.yaml")
    assert left["ansible/reboot.yml"].endswith("a unit of its own with ansible: {playbook: reboot.yml}")
    assert left["live"] == "Terragrunt's, and in no environment's folder: units of a catalog"
    assert "modules/vpc: a Terraform module" in (repository / "infrastructure/platform.yaml").read_text()


@pytest.mark.parametrize(
    ("files", "options", "environments"),
    [
        (
            ["inventories/dev/hosts.ini", "inventories/production/hosts.ini", "inventories/dev/group_vars/all.yml"],
            {"playbook": "site.yml", "inventory": "inventories/{environment}/hosts.ini"},
            ["dev", "production"],
        ),
        (
            ["inventory/staging.yml", "inventory/prod.yml"],
            {"playbook": "site.yml", "inventory": "inventory/{environment}.yml"},
            ["staging", "prod"],
        ),
        (
            ["../inventories/dev/hosts", "../inventories/dev/aws_ec2.yml", "../inventories/prod/hosts"],
            {"playbook": "site.yml", "inventory": "../inventories/{environment}/hosts"},
            ["dev", "prod"],
        ),
        (["hosts.ini"], {"playbook": "site.yml", "inventory": "hosts.ini"}, ["dev"]),
        ([], {"playbook": "site.yml"}, ["dev"]),
    ],
)
def test_inventories_are_found_where_people_have_them(
    repository: Path,
    capsys: pytest.CaptureFixture[str],
    files: list[str],
    options: dict[str, str],
    environments: list[str],
) -> None:
    hosts = {name: "all: {hosts: {web-1: {}}}\n" if name.endswith(".yml") else "[all]\nweb-1\n" for name in files}
    there = {os.path.normpath(f"play/books/{name}"): text for name, text in hosts.items()}
    started(repository, {"play/books/site.yml": PLAY, **there}, capsys)
    written = yaml.safe_load((repository / "infrastructure/platform.yaml").read_text())
    [unit] = written["units"].values()
    assert (unit["ansible"], unit["environments"]) == (options, environments)


def test_environments_below_those_of_a_terragrunt_repository_are_named(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = ("non-prod/us/qa/db", "non-prod/us/stage/db", "non-prod/us/qa/app", "prod/us/prod/db", "prod/us/dev-db")
    _, said = started(repository, {f"{path}/terragrunt.hcl": "" for path in paths}, capsys)
    told = "called as environments are, and in {}: if it is one, say by `values` where each of them is"
    assert {each["place"]: each["why"].removesuffix(" (docs/terragrunt.md)") for each in said["left"]} == {
        "non-prod/us/qa": told.format("non-prod"),
        "non-prod/us/stage": told.format("non-prod"),
        "prod/us/prod": told.format("prod"),
    }


def test_a_terragrunt_repository_is_one_block(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {
        "live/root.hcl": 'remote_state {\n  backend = "s3"\n}\n',
        "live/prod/eu/vpc/terragrunt.hcl": "",
        "live/dev/account.hcl": 'locals { account = "123456789012" }',
        "live/dev/eu/vpc/terragrunt.hcl": "",
        "live/dev/eu/app/terragrunt.hcl": "",
        "live/dev/eu/app/main.tf": "",
        "live/dev/us/terragrunt.stack.hcl": "",
        "other/dev/mail/terragrunt.hcl": "",
        "catalog/units/bucket/terragrunt.hcl": "",
        "modules/vpc/main.tf": "",
    }
    platform, said = started(repository, files, capsys)
    text = (repository / "infrastructure/platform.yaml").read_text()
    assert 'terragrunt:\n  root: "live/{environment}"' in text
    assert "units:" not in text
    assert [each.name for each in platform.environments] == ["dev", "prod"]
    assert platform.environment("dev").account == "123456789012"
    assert {each["place"] for each in said["left"]} == {"other/dev/mail", "catalog/units/bucket", "modules/vpc"}


def test_what_nobody_can_guess_is_said_before_the_first_release(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    template = f"{TEMPLATE}Parameters: {{Owner: {{Type: String}}}}\n"
    _, said = started(repository, {"cfn/queue/template.yaml": template, "charts/cart/Chart.yaml": CHART}, capsys)
    assert isinstance(said["missing"], str)


def test_a_platform_yaml_that_cannot_be_read_is_left_as_it_is(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(repository, {"infrastructure/platform.yaml": "mine", "infrastructure/dev/main.tf": ""})
    assert cli.run(["init"]) == 64
    assert "is there already and was left as it is" in " ".join(capsys.readouterr().err.split())
    assert (repository / "infrastructure/platform.yaml").read_text() == "mine"


def test_what_is_outside_of_infrastructure_stays_there_and_is_released(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(repository, {"terraform/envs/dev/main.tf": AWS, "deploy/cart/Chart.yaml": CHART})
    assert cli.run(["init", "--json"]) == 0
    platform = manifest.load(repository / "infrastructure")
    assert platform.paths == ("deploy", "terraform")
    assert units(platform) == {
        "cart": ("helm", "deploy/cart", ("dev",)),
        "terraform": ("terraform", "terraform/envs/{environment}", ("dev",)),
    }


@pytest.mark.parametrize(
    ("engine", "files"),
    [
        ("terraform", {"main.tf": AWS}),
        ("helm", {"Chart.yaml": CHART}),
        ("kustomize", {"kustomization.yaml": "resources: []"}),
        ("cloudformation", {"queue.yaml": TEMPLATE}),
        ("packer", {"image.pkr.hcl": IMAGE}),
        ("ansible", {"site.yml": PLAY}),
    ],
)
def test_what_is_in_the_repositorys_own_folder_is_a_unit(
    engine: str, files: Mapping[str, str], repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(repository, files)
    assert cli.run(["init", "--json"]) == 0
    platform = manifest.load(repository / "infrastructure")
    assert platform.paths == (".",)
    assert units(platform) == {engine: (engine, ".", ("dev",))}


def test_an_environment_that_nothing_names_is_a_guess(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    started(repository, {"network/main.tf": AWS}, capsys)
    text = (repository / "infrastructure/platform.yaml").read_text()
    assert "\n  dev:  # guess: nothing here names an environment\n" in text


def test_a_second_run_tells_what_is_new_and_changes_nothing(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started(repository, {"dev/app/main.tf": AWS}, capsys)
    file = repository / "infrastructure/platform.yaml"
    before = file.read_text()
    assert cli.run(["init"]) == 0
    assert "nothing new" in capsys.readouterr().out
    written(repository, {"infrastructure/dev/queue/main.tf": AWS, "infrastructure/prod/app/main.tf": AWS})
    assert cli.run(["init"]) == 0
    said = capsys.readouterr().out
    assert "not in platform.yaml: terraform {environment}/queue" in said
    assert '  queue:\n    engine: terraform\n    source: "{environment}/queue"\n' in said
    assert "not in platform.yaml: the environment prod" in said
    assert file.read_text() == before


def test_a_second_run_tells_one_more_unit_of_a_root_that_has_some(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = 'terraform {\n  backend "azurerm" {}\n}\nvariable "size" {}\n'
    files = {f"config/{name}/network/a.tfvars": "size = 1\n" for name in ("dev", "prod")}
    written(repository, {"root/main.tf": root, **files})
    assert cli.run(["init"]) == 0
    written(repository, {f"config/{name}/mail/a.tfvars": "size = 1\n" for name in ("dev", "prod")})
    capsys.readouterr()
    assert cli.run(["init", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["differences"] == ["not in platform.yaml: terraform root"]


def test_an_empty_repository_is_told_what_belongs_there(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["init"]) == 64
    assert "put Terraform roots, charts, overlays, templates or playbooks there" in " ".join(
        capsys.readouterr().err.split()
    )


def test_why_something_is_taken_for_an_environment_is_a_comment(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {f"live/{name}/app/main.tf": AWS for name in ("dev", "prod", "eu", "demo")}
    started(repository, files, capsys)
    text = (repository / "infrastructure/platform.yaml").read_text()
    assert "\n  dev:\n" in text
    assert "\n  eu:  # guess: it is beside dev and prod and called like a region\n" in text
    assert "\n  demo:  # guess: it is beside dev and prod and has app as well\n" in text
