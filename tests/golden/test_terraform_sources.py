"""What a terraform root reads errs on the safe side only: whatever its code may lead to counts as read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput
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


def test_a_path_in_a_module_counts_from_the_root_too(infrastructure: Path) -> None:
    (infrastructure / "modules/vpc/main.tf").write_text('x = file("${path.root}/../../config/dev.json")')
    found = read(infrastructure, 'module "vpc" { source = "../../modules/vpc" }')
    assert found == OWN | VPC | {"config/dev.json"}


def test_a_script_leads_further(infrastructure: Path) -> None:
    (infrastructure / "scripts/run.sh").write_text("cat ../config/dev.json\n")
    assert "config/dev.json" in read(infrastructure, 'command = "../../scripts/run.sh"')


def test_what_is_outside_of_a_release_is_refused(infrastructure: Path) -> None:
    (infrastructure.parent / "elsewhere").mkdir()
    with pytest.raises(InvalidInput, match="elsewhere, which is outside of infrastructure/"):
        read(infrastructure, 'module "x" { source = "../../../elsewhere" }')
