"""`flowmart init` on Terraform repositories: which folders are roots, with which files and states, by which list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deployments.start.guessed import Guessed, GuessedUnit
from deployments.start.guesses import guess
from tasks.domain.errors import InvalidInput

S3 = 'terraform {{\n  backend "s3" {{\n    bucket = "b"\n    key    = "{}"\n    region = "eu-west-1"\n  }}\n}}\n'
OPEN = 'terraform {\n  backend "s3" {}\n}\n'
SIZE = 'variable "size" {}\n'
BOTH = ("dev", "prod")
READS = """
data "terraform_remote_state" "{0}" {{
  backend = "s3"
  config = {{
    bucket = "b"
    key    = "{0}"
  }}
}}
"""


def found(folder: Path, files: Mapping[str, str]) -> Guessed:
    """What is guessed of a repository with these files."""
    for path, text in files.items():
        file = folder / "shop" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return guess(folder / "shop")


def told(unit: GuessedUnit) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    return unit.source, unit.environments, dict(unit.options)


def in_each(pattern: str, text: str) -> dict[str, str]:
    """A file for each environment; `{}` is its name."""
    return {pattern.format(name): text.format(name) for name in BOTH}


STATES: dict[str, tuple[dict[str, str], dict[str, tuple[str, tuple[str, ...], dict[str, Any]]]]] = {
    "files of variables, and one state in the code: a workspace for each environment": (
        {"main.tf": S3.format("x") + SIZE, **in_each("{}.tfvars", "size = 1\n")},
        {"terraform": (".", BOTH, {"var_files": ["{environment}.tfvars"], "workspace": "{environment}"})},
    ),
    "an open backend and nothing that fills it": (
        {"app/main.tf": OPEN + SIZE, **in_each("app/env/{}.tfvars.json", '{{"size": 1}}')},
        {
            "app": (
                "app",
                BOTH,
                {
                    "var_files": ["env/{environment}.tfvars.json"],
                    "backend_config": [{"key": "{environment}/app.tfstate"}],
                },
            )
        },
    ),
    "backend files by their name": (
        {"app/main.tf": OPEN, **in_each("app/backend-{}.hcl", 'bucket = "{0}"\nkey = "k"\n')},
        {"app": ("app", BOTH, {"backend_config": ["backend-{environment}.hcl"]})},
    ),
    "backend files by their ending": (
        {"app/main.tf": OPEN, **in_each("app/config/{}.tfbackend", 'bucket = "b"\nkey = "{0}"\n')},
        {"app": ("app", BOTH, {"backend_config": ["config/{environment}.tfbackend"]})},
    ),
    "a folder of files for each environment": (
        {
            "app/main.tf": OPEN + SIZE,
            "app/vars/common.tfvars": "size = 0\n",
            **in_each("app/vars/{}/a.tfvars", "size = 1\n"),
            **in_each("app/{}.backend", 'bucket = "b"\nkey = "{0}"\n'),
        },
        {
            "app": (
                "app",
                BOTH,
                {
                    "var_files": ["vars/common.tfvars", "vars/{environment}/a.tfvars"],
                    "backend_config": ["{environment}.backend"],
                },
            )
        },
    ),
    "a file that one environment has alone": (
        {
            "app/main.tf": OPEN + SIZE,
            **in_each("app/{}.backend", 'bucket = "b"\nkey = "{0}"\n'),
            "app/prod.tfvars": "size = 3\n",
        },
        {
            "app": (
                "app",
                BOTH,
                {
                    "var_files": [{"path": "{environment}.tfvars", "optional": True}],
                    "backend_config": ["{environment}.backend"],
                },
            )
        },
    ),
    "two states of an environment: two units": (
        {
            "app/main.tf": OPEN,
            **{
                f"app/{name}.{colour}.backend": f'bucket = "b"\nkey = "{name}/{colour}"\n'
                for name in BOTH
                for colour in ("blue", "green")
            },
        },
        {
            f"app-{colour}": ("app", BOTH, {"backend_config": [f"{{environment}}.{colour}.backend"]})
            for colour in ("blue", "green")
        },
    ),
    "files that Terraform would read by itself, in a folder of an environment": (
        {
            "main.tf": OPEN + SIZE,
            **in_each("environments/{}/backend.hcl", 'bucket = "b"\nkey = "{0}"\n'),
            **in_each("environments/{}/terraform.tfvars", "size = 1\n"),
        },
        {
            "terraform": (
                ".",
                BOTH,
                {
                    "var_files": ["environments/{environment}/terraform.tfvars"],
                    "backend_config": ["environments/{environment}/backend.hcl"],
                },
            )
        },
    ),
    "folders with a prefix": (
        in_each("env_{}/app/main.tf", S3.replace("{}", "k")),
        {"app": ("env_{environment}/app", BOTH, {})},
    ),
    "capital letters": (
        {"Live/Dev/main.tf": S3.format("d"), "Live/Prod/main.tf": S3.format("p")},
        {"dev": ("Live/Dev", ("dev",), {}), "prod": ("Live/Prod", ("prod",), {})},
    ),
    "files of one state": (
        {
            "projects/app/main.tf": OPEN + SIZE,
            **in_each("projects/app/{}.blue.backend", 'bucket = "b"\nkey = "blue/{0}"\n'),
            **in_each("data/common/{}/common.tfvars", "size = 0\n"),
            **in_each("data/common/{}/blue.tfvars", "size = 1\n"),
            **in_each("data/common/{}/green.tfvars", "size = 2\n"),
            **in_each("data/app/{}/blue.tfvars", "size = 3\n"),
        },
        {
            "app": (
                "projects/app",
                BOTH,
                {
                    "var_files": [
                        "../../data/common/{environment}/common.tfvars",
                        "../../data/common/{environment}/blue.tfvars",
                        "../../data/app/{environment}/blue.tfvars",
                    ],
                    "backend_config": ["{environment}.blue.backend"],
                },
            )
        },
    ),
    "files of others": (
        {
            "network/main.tf": OPEN + SIZE,
            **in_each("network/{}.backend", 'bucket = "b"\nkey = "{0}"\n'),
            **in_each("vars/network-{}.tfvars", "size = 1\n"),
            **in_each("vars/other-{}.tfvars", "size = 2\n"),
            "vars/common.tfvars": 'unknown = "here"\n',
        },
        {
            "network": (
                "network",
                BOTH,
                {
                    "var_files": ["../vars/network-{environment}.tfvars"],
                    "backend_config": ["{environment}.backend"],
                },
            )
        },
    ),
    "workspaces that the code compares with": (
        {
            "app/main.tf": S3.format("app")
            + 'locals { big = terraform.workspace == "prod" ? { prod = 3 } : { dev = 1 } }\n'
        },
        {"app": ("app", BOTH, {"workspace": "{environment}"})},
    ),
    "a root whose state says where it is": (
        {"app/main.tf": S3.format("prod/app"), "dev/other/main.tf": S3.format("dev/other")},
        {"app": ("app", ("prod",), {}), "other": ("{environment}/other", ("dev",), {})},
    ),
    "JSON": (
        {
            f"{name}/main.tf.json": f'{{"terraform": {{"backend": {{"s3": {{"bucket": "b", "key": "{name}"}}}}}}}}'
            for name in BOTH
        },
        {"terraform": ("{environment}", BOTH, {})},
    ),
}


@pytest.mark.parametrize("kind", STATES)
def test_a_root_has_its_files_and_a_state_for_each_environment(kind: str, tmp_path: Path) -> None:
    files, expected = STATES[kind]
    assert {unit.name: told(unit) for unit in found(tmp_path, files).units} == expected


def test_files_that_sops_has_encrypted_are_decrypted(tmp_path: Path) -> None:
    files = in_each("app/{}.secret.tfvars.json", '{{"size": "ENC[AES256_GCM,data:x,type:int]", "sops": {{}}}}')
    (unit,) = found(tmp_path, {"app/main.tf": OPEN + SIZE, **files}).units
    assert unit.options["var_files"] == [{"path": "{environment}.secret.tfvars.json", "decrypt": "sops"}]


def test_what_a_backend_still_needs_is_a_comment(tmp_path: Path) -> None:
    (unit,) = found(tmp_path, {"app/main.tf": OPEN}).units
    assert unit.notes == ("guess: the backend also needs bucket, from a file or here",)


def test_regions_of_one_root_are_units_of_their_own(tmp_path: Path) -> None:
    regions = ("eu-west-1", "us-east-1")
    files = {f"app/environments/{name}/{region}.tfvars": "size = 1\n" for name in BOTH for region in regions}
    units = found(tmp_path, {"app/main.tf": OPEN + SIZE, **files}).units
    assert [(unit.name, unit.region, unit.environments) for unit in units] == [
        (f"app-{region}", region, BOTH) for region in regions
    ]
    assert units[0].options["backend_config"] == [{"key": "{environment}/app/eu-west-1.tfstate"}]


def test_only_roots_are_taken(tmp_path: Path) -> None:
    provider = 'provider "aws" {}\n'
    guessed = found(
        tmp_path,
        {
            "dev/app/main.tf": S3.format("a") + 'module "m" {\n  source = "../../parts/called"\n}\n',
            "parts/called/main.tf": provider,
            "parts/alone/main.tf": SIZE,
            "modules/vpc/main.tf": provider,
            "modules/vpc/test/main.tf": S3.format("t"),
            "modules/vpc/examples/small/main.tf": S3.format("e"),
            "tests/main.tf": S3.format("t"),
            "docs/main.tf": S3.format("d"),
            "docs/stack.tm.hcl": "stack {}\n",
        },
    )
    assert [unit.source for unit in guessed.units] == ["{environment}/app"]
    assert {str(each.place): each.why for each in guessed.left} == {
        "modules/vpc": "a Terraform module",
        "parts/alone": "Terraform code with neither a backend nor a provider: a module",
        "parts/called": "a Terraform module that dev/app calls",
    }


def test_test_is_an_environment_beside_others(tmp_path: Path) -> None:
    guessed = found(tmp_path, {f"live/{name}/app/main.tf": S3.format(name) for name in ("dev", "test", "prod")})
    assert [(each.name, each.after) for each in guessed.environments] == [
        ("dev", ""),
        ("test", "dev"),
        ("prod", "test"),
    ]


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        (("global", "prod", "dev"), ["global", "dev", "prod"]),
        (("bootstrap", "apps"), ["dev"]),
        (("apps-stg", "apps-prd", "shared"), ["shared", "apps-stg", "apps-prd"]),
        (("non-production", "production", "development"), ["development", "non-production", "production"]),
        (("nonprod", "prd"), ["nonprod", "prd"]),
    ],
)
def test_environments_are_named_in_many_ways(folders: tuple[str, ...], expected: list[str], tmp_path: Path) -> None:
    guessed = found(tmp_path, {f"{name}/app/main.tf": S3.format(name) for name in folders})
    assert [each.name for each in guessed.environments] == expected


def test_a_state_that_is_read_is_a_need_and_no_circle(tmp_path: Path) -> None:
    guessed = found(
        tmp_path,
        {
            "a/main.tf": S3.format("a") + READS.format("b"),
            "b/main.tf": S3.format("b") + READS.format("a"),
            "c/main.tf": S3.format("c") + READS.format("elsewhere"),
        },
    )
    assert {unit.name: unit.needs for unit in guessed.units} == {"a": (), "b": ("a",), "c": ()}


ATLANTIS = """
version: 3
projects:
  - {name: live, dir: modules/live, terraform_distribution: opentofu}
"""
DIGGER = """
projects:
  - {name: dev, dir: dev/app}
  - {name: prod, dir: prod/app, workflow: mine, include_patterns: [./config/**], opentofu: true}
  - {name: other, dir: other, terragrunt: true}
workflows:
  mine:
    plan:
      steps:
        - init: {extra_args: [-backend-config=key=x]}
        - plan: {extra_args: ["-var-file=prod.tfvars"]}
        - run: make config
"""


def test_what_atlantis_lists_is_a_root_and_nothing_else(tmp_path: Path) -> None:
    files = {"atlantis.yaml": ATLANTIS, "modules/live/main.tf": S3.format("m"), "old/main.tf": S3.format("o")}
    guessed = found(tmp_path, files)
    assert [told(unit) for unit in guessed.units] == [("modules/live", ("dev",), {"binary": "tofu"})]
    assert {str(each.place): each.why for each in guessed.left} == {"old": "a root that is not in atlantis.yaml"}


def test_what_digger_adds_to_a_project_is_its_options(tmp_path: Path) -> None:
    files = {f"{name}/app/main.tf": S3.format(name) + SIZE for name in BOTH}
    guessed = found(tmp_path, {"digger.yml": DIGGER, "prod/app/prod.tfvars": "size = 3\n", **files})
    assert [told(unit) for unit in guessed.units] == [
        ("{environment}/app", ("dev",), {}),
        (
            "{environment}/app",
            ("prod",),
            {
                "var_files": ["{environment}.tfvars"],
                "backend_config": [{"key": "x"}],
                "binary": "tofu",
                "reads": ["../../config/**"],
            },
        ),
    ]
    assert guessed.units[1].notes == ("digger.yml also runs: make config",)
    assert [str(each.place) for each in guessed.left] == ["other"]


def test_terramates_stacks_come_in_the_order_of_their_files(tmp_path: Path) -> None:
    stacks = {
        "network": 'stack {\n  before = ["/stacks/app"]\n}\n',
        "app": "stack {}\n",
        "checks": 'stack {\n  after = ["tag:last"]\n}\n',
        "mail": 'stack {\n  tags = ["last"]\n}\n',
    }
    files = {f"stacks/{name}/stack.tm.hcl": text for name, text in stacks.items()}
    files |= {f"stacks/{name}/main.tf": S3.format(name) for name in (*stacks, "none")}
    guessed = found(tmp_path, files)
    needs = {unit.name: unit.needs for unit in guessed.units}
    assert needs == {"app": ("network",), "checks": ("mail",), "mail": (), "network": ()}
    assert [str(each.place) for each in guessed.left] == ["stacks/none"]


ATMOS = "base_path: .\ncomponents: {terraform: {base_path: components/terraform}}\nstacks: {base_path: stacks}\n"
STACKS = {
    f"plat-ue1-{name}": {
        "components": {
            "terraform": {
                "vpc": {
                    "workspace": f"plat-ue1-{name}",
                    "metadata": {"component": "infra/vpc"},
                    "backend": {"bucket": "b", "key": "terraform.tfstate", "role_arn": "arn:aws:iam::1:role/x"},
                },
                "app": {"workspace": f"plat-ue1-{name}", "settings": {"depends_on": {1: {"component": "vpc"}}}},
                "defaults": {"metadata": {"type": "abstract", "component": "app"}},
                "old": {"metadata": {"enabled": False, "component": "app"}},
            }
        }
    }
    for name in BOTH
}


def test_atmos_is_asked_for_its_stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin/atmos"
    program.parent.mkdir()
    (tmp_path / "stacks.json").write_text(json.dumps(STACKS))
    asked = f'test "$*" = "describe stacks --format json" && exec cat {tmp_path}/stacks.json; exit 1'
    program.write_text(f"#!/bin/sh\n{asked}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    files = {f"components/terraform/{name}/main.tf": OPEN for name in ("infra/vpc", "app", "none")}
    guessed = found(tmp_path, {"atmos.yaml": ATMOS, **files})
    settings = [{"bucket": "b"}, {"key": "terraform.tfstate"}]
    assert {unit.name: (*told(unit), unit.needs) for unit in guessed.units} == {
        "app-plat-ue1": (
            "components/terraform/app",
            BOTH,
            {
                "var_files": ["plat-ue1-{environment}-app.terraform.tfvars.json"],
                "backend_config": [{"key": "{environment}/app.tfstate"}],
                "workspace": "plat-ue1-{environment}",
            },
            ("vpc-plat-ue1",),
        ),
        "vpc-plat-ue1": (
            "components/terraform/infra/vpc",
            BOTH,
            {
                "var_files": ["plat-ue1-{environment}-vpc.terraform.tfvars.json"],
                "backend_config": settings,
                "workspace": "plat-ue1-{environment}",
            },
            (),
        ),
    }
    assert guessed.units[0].notes[0].startswith("its variables are Atmos'")


def test_without_atmos_its_stacks_are_left_and_its_components_are_roots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    guessed = found(tmp_path, {"atmos.yaml": ATMOS, "components/terraform/vpc/main.tf": S3.format("vpc")})
    assert [unit.source for unit in guessed.units] == ["components/terraform/vpc"]
    assert [str(each.place) for each in guessed.left] == ["atmos.yaml"]
    assert "install Atmos and try again" in guessed.left[0].why


def test_a_terragrunt_repository_is_a_platform_of_its_own(tmp_path: Path) -> None:
    inside = {"infrastructure/live/dev/vpc/terragrunt.hcl": "", "other/main.tf": S3.format("o")}
    guessed = found(tmp_path, inside)
    assert ([unit.engine for unit in guessed.units], guessed.paths) == (["terragrunt"], ())
    assert [str(each.place) for each in guessed.left] == ["other"]


def test_a_terragrunt_repository_elsewhere_is_told_where_to_move(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"live/dev/vpc: terragrunt, outside of infrastructure/: move it there"):
        found(tmp_path, {"live/dev/vpc/terragrunt.hcl": ""})


AZURE = 'terraform {\n  backend "azurerm" {}\n}\n'
LAUNCHPAD, SOLUTION = 'variable "global_settings" {}\n', 'variable "networking" {}\n'


def test_of_two_generic_roots_the_one_whose_words_are_in_the_path_is_taken(tmp_path: Path) -> None:
    files = {
        "caf_launchpad/main.tf": AZURE + LAUNCHPAD + SOLUTION,
        "caf_solution/main.tf": AZURE + LAUNCHPAD + SOLUTION,
        **in_each("configuration/{}/level0/launchpad/a.tfvars", "global_settings = 1\n"),
        **in_each("configuration/{}/level1/networking/b.tfvars", "networking = 1\n"),
    }
    units = {(unit.name, unit.source): unit.notes[:1] for unit in found(tmp_path, files).units}
    doubts = {
        source: f"guess: its root may be {other} as well"
        for source, other in (("caf_launchpad", "caf_solution"), ("caf_solution", "caf_launchpad"))
    }
    needed = "guess: the backend also needs storage_account_name and container_name, from a file or here"
    assert units == {
        ("level0-launchpad", "caf_launchpad"): (needed,),
        ("level1-networking", "caf_launchpad"): (doubts["caf_launchpad"],),
        ("level1-networking-terraform", "caf_solution"): (doubts["caf_solution"],),
    }


def test_a_root_that_is_called_like_an_environment_by_chance_has_its_workspaces(tmp_path: Path) -> None:
    code = 'locals { big = terraform.workspace == "{0}-production" || terraform.workspace == "{0}-development" }\n'
    files = {
        f"environments/{name}/main.tf": S3.format(name) + code.replace("{0}", name) for name in ("orders", "testing")
    }
    units = {unit.name: (unit.environments, unit.options["workspace"]) for unit in found(tmp_path, files).units}
    assert units == {
        name: (("development", "production"), f"{name}-{{environment}}") for name in ("orders", "testing")
    }


def test_account_region_and_layer_are_told_apart(tmp_path: Path) -> None:
    layers = ("apps-devstg/us-east-1/network", "apps-prd/us-east-1/network", "apps-devstg/global/identities")
    files = {f"{layer}/main.tf": S3.format(layer) for layer in (*layers, "shared/us-east-1/dns")}
    guessed = found(tmp_path, files)
    assert [each.name for each in guessed.environments] == ["shared", "apps-devstg", "apps-prd"]
    assert {unit.source: (unit.environments, unit.notes) for unit in guessed.units} == {
        "{environment}/global/identities": (("apps-devstg",), ()),
        "{environment}/us-east-1/dns": (("shared",), ()),
        "{environment}/us-east-1/network": (("apps-devstg", "apps-prd"), ()),
    }
