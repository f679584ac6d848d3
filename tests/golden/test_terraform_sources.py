"""What a terraform root reads errs on the safe side only: whatever its code may lead to counts as read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Unit
from tasks.engines.terraform.named_files import unit_reads
from tasks.engines.terraform.sources import reads

APP = "terraform/app"
FILES = (
    f"{APP}/main.tf",
    f"{APP}/README.md",
    f"{APP}/templates/user.tftpl",
    f"{APP}/modules/inner/main.tf",
    f"{APP}/examples/data.json",
    f"{APP}/tests/app.tftest.hcl",
    f"{APP}/.terraform.lock.hcl",
    "terraform/other/main.tf",
    "modules/vpc/main.tf",
    "modules/vpc/modules/subnet/main.tf",
    "modules/vpc/files/policy.json",
    "config/dev.json",
    "config/deep/prod.json",
    "scripts/run.sh",
    "keep.txt",
)
OWN = {path for path in FILES if path.startswith(APP)}
CONFIG = {"config/dev.json", "config/deep/prod.json"}
VPC = {path for path in FILES if path.startswith("modules/vpc")}
BESIDE = {path for path in FILES if path.startswith("terraform/")}


@pytest.fixture
def infrastructure(tmp_path: Path) -> Path:
    for path in FILES:
        file = tmp_path / "infrastructure" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return tmp_path / "infrastructure"


def read(infrastructure: Path, code: str, file: str = f"{APP}/main.tf") -> set[str]:
    (infrastructure / file).write_text(code)
    return {*reads(infrastructure, APP)}


def test_nothing_in_the_units_folder_is_left_out(infrastructure: Path) -> None:
    assert read(infrastructure, "") == OWN


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ('module "vpc" { source = "../../modules/vpc" }', VPC),
        ('x = jsondecode(file("${path.module}/../../config/${var.environment}.json"))', CONFIG),
        ('x = jsondecode(file("${path.root}/../../config/dev.json"))', {"config/dev.json"}),
        ('x = file("${path.cwd}/../../config/deep/${var.name}")', {"config/deep/prod.json"}),
        ('x = file(format("../../config/%s.json", var.environment))', {*FILES}),
        ('x = format("../../config/%s.json", var.environment)', CONFIG),
        ('x = fileset("${path.module}/../../config", "**/*.json")', CONFIG),
        ('x = fileset("../../config", "*")', CONFIG),
        ('x = file("templates/../../../config/dev.json")', {"config/dev.json"}),
        ('x = "${path.root}/.."', BESIDE),
        ('x = join("/", [path.module, "..", "other", "main.tf"])', BESIDE),
        ('command = "cd ../../scripts && ./run.sh"', {"scripts/run.sh"}),
        ('x = "${path.module}/../../config/deep-${var.x}.json"', CONFIG),
        ("x = file(var.path)", {*FILES}),
        ("x = templatefile(local.template, {})", {*FILES}),
        ('x = file("${var.folder}/x.json")', {*FILES}),
        ("x = filesha256(each.value)", {*FILES}),
        ('x = "${var.folder}/../x"', {*FILES}),
        ('x = file("${dirname(path.cwd)}/other/main.tf")', {*FILES}),
        ('x = "${path.module}/../../.."', {*FILES}),
        ('x = file("${path.module}/templates/user.tftpl")', set()),
        ('x = fileset(path.module, "**")', set()),
        ('x = file("templates/user.tftpl")', set()),
        ("x = concat(var.list...)", set()),
        ('version = "1.2..3"', set()),
    ],
)
def test_a_path_counts_as_its_longest_literal_folder(infrastructure: Path, code: str, more: set[str]) -> None:
    assert read(infrastructure, code) == OWN | more


ODD = "shared files/größe & (日).json"
"""A name as people's repositories have them: spaces, brackets, letters that are not ASCII."""


@pytest.fixture
def odd(infrastructure: Path) -> Path:
    (infrastructure / ODD).parent.mkdir()
    (infrastructure / ODD).touch()
    return infrastructure


@pytest.mark.parametrize(
    "code",
    [
        'module "m" { source = "../../shared files" }',
        f'x = file("${{path.module}}/../../{ODD}")',
        f'x = file("../../{ODD}")',
        'x = file("../../shared files/größe ${var.x}.json")',
        'x = file("../../shared files/gr\\u00f6\\u00dfe & (\\u65e5).json")',
        f"command = <<E\ncat '../../{ODD}'\nE\n",
    ],
)
def test_a_path_with_spaces_and_other_letters_counts(odd: Path, code: str) -> None:
    assert read(odd, code) == OWN | {ODD}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("terraform.tfvars", f'config = "../../{ODD}"\n'),
        ("app.auto.tfvars.json", json.dumps({"config": f"../../{ODD}"})),
        ("config.yaml", f"files:\n  - path: ../../{ODD}\n"),
    ],
)
def test_a_path_with_spaces_in_values_counts(odd: Path, file: str, text: str) -> None:
    (odd / APP / file).write_text(text)
    assert read(odd, 'x = file("${path.module}/${var.config}")') == OWN | {f"{APP}/{file}", ODD}


def test_a_path_with_spaces_in_inputs_counts(odd: Path) -> None:
    unit = Unit("app", "terraform", APP, ("dev",), inputs={"config": f"../../{ODD}"})
    assert ODD in unit_reads(odd, unit)


def test_a_path_in_a_module_counts_from_the_root_too(infrastructure: Path) -> None:
    (infrastructure / "modules/vpc/main.tf").write_text('x = file("${path.root}/../../config/dev.json")')
    found = read(infrastructure, 'module "vpc" { source = "../../modules/vpc" }')
    assert found == OWN | VPC | {"config/dev.json"}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (f"{APP}/terraform.tfvars", 'config = "../../config/deep/prod.json"\n'),
        (f"{APP}/app.auto.tfvars.json", '{"config": "../../config/deep/prod.json"}'),
        (f"{APP}/config.yaml", "config: ../../config/deep/prod.json\n"),
        (f"{APP}/variables.tf", 'variable "config" { default = "../../config/deep/prod.json" }\n'),
    ],
)
def test_a_path_in_values_counts_where_code_adds_it_to_its_folder(infrastructure: Path, file: str, text: str) -> None:
    (infrastructure / file).write_text(text)
    found = read(infrastructure, 'x = file("${path.module}/${var.config}")')
    assert found == OWN | {file, "config/deep/prod.json"}


def test_a_long_word_in_values_is_no_path_and_hides_none(infrastructure: Path) -> None:
    (infrastructure / APP / "dashboard.json").write_text(f'{{"image": "{"A" * 3_000_000}", "x": "../../keep.txt"}}')
    assert read(infrastructure, "") == OWN | {f"{APP}/dashboard.json", "keep.txt"}


def test_a_path_that_a_module_is_given_counts_from_its_folder(infrastructure: Path) -> None:
    (infrastructure / "modules/vpc/main.tf").write_text('x = file("${path.module}/${var.file}")')
    found = read(infrastructure, 'module "vpc" {\n  source = "../../modules/vpc"\n  file   = "../../keep.txt"\n}')
    assert found == OWN | VPC | {"keep.txt"}


@pytest.mark.parametrize("given", ["../../config/dev.json", ["a", {"b": "../../config/{environment}.json"}]])
def test_a_path_in_inputs_counts(infrastructure: Path, given: object) -> None:
    unit = Unit("app", "terraform", APP, ("dev",), inputs={"config": given})
    assert "config/dev.json" in unit_reads(infrastructure, unit)
    assert unit_reads(infrastructure, replace(unit, inputs={"config": "none..."})) == tuple(sorted(OWN))


def test_a_path_in_a_named_file_of_variables_counts(infrastructure: Path) -> None:
    (infrastructure / "config/dev.tfvars").write_text('config = "../../config/deep/prod.json"\n')
    unit = Unit("app", "terraform", APP, ("dev",), options={"var_files": ["../../config/dev.tfvars"]})
    assert {"config/dev.tfvars", "config/deep/prod.json"} <= {*unit_reads(infrastructure, unit)}


@pytest.mark.parametrize(
    "code",
    ['x = file("~/.ssh/id_rsa.pub")', 'x = sha1(filebase64(pathexpand("~/key")))', 'x = templatefile("/opt/x", {})'],
)
def test_a_file_of_the_machine_is_refused(infrastructure: Path, code: str) -> None:
    with pytest.raises(InvalidInput, match=rf"{APP}/main.tf: reads [~/].*, which is outside of infrastructure/"):
        read(infrastructure, code)


def test_examples_in_a_module_s_folder_may_name_files_of_a_machine(infrastructure: Path) -> None:
    (infrastructure / APP / "examples/main.tf").write_text('x = file("~/.ssh/id_rsa.pub")')
    assert {f"{APP}/examples/main.tf"} <= read(infrastructure, '# file("~/key") is not read\n')


def test_a_script_leads_further(infrastructure: Path) -> None:
    (infrastructure / "scripts/run.sh").write_text("cat ../config/dev.json\n")
    assert "config/dev.json" in read(infrastructure, 'command = "../../scripts/run.sh"')


def test_what_is_outside_of_a_release_is_refused(infrastructure: Path) -> None:
    (infrastructure.parent / "elsewhere").mkdir()
    with pytest.raises(InvalidInput, match="elsewhere, which is outside of infrastructure/"):
        read(infrastructure, 'module "x" { source = "../../../elsewhere" }')
