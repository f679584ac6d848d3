"""Where in the code something is that a plan speaks of."""

from pathlib import Path

import pytest

from tasks.github.lines import find

PLATFORM = """\
platform: shop
units:
  network:
    source: terraform/dev/network
  "shop":
    source: charts/shop
"""

ROOT = """\
module "vpc" {
  source = "../../modules/vpc"
}

module "far" {
  source = "terraform-aws-modules/far/aws"
}

data "aws_ami" "this" {}

resource "aws_eip" "this" {
  for_each = toset(["a.b", "c"])
}
"""

MODULE = """\
# resource "aws_vpc" "this" is further down
variable "x" {}
resource "aws_vpc" "this" {
}
"""


@pytest.fixture
def infrastructure(tmp_path: Path) -> Path:
    folder = tmp_path / "infrastructure"
    texts = {
        "platform.yaml": PLATFORM,
        "terraform/dev/network/main.tf": ROOT,
        "terraform/modules/vpc/main.tf": MODULE,
    }
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("address", "path", "line"),
    [
        ('aws_eip.this["a.b"]', "infrastructure/terraform/dev/network/main.tf", 11),
        ("data.aws_ami.this", "infrastructure/terraform/dev/network/main.tf", 9),
        ("module.vpc.aws_vpc.this[0]", "infrastructure/terraform/modules/vpc/main.tf", 3),
        ('module.vpc["x"].aws_vpc.this', "infrastructure/terraform/modules/vpc/main.tf", 3),
        ("module.vpc.aws_subnet.gone", "infrastructure/terraform/dev/network/main.tf", 1),
        ("module.far.aws_vpc.this", "infrastructure/terraform/dev/network/main.tf", 5),
        ("module.missing.aws_vpc.this", "infrastructure/platform.yaml", 3),
        ("aws_vpc.missing", "infrastructure/platform.yaml", 3),
        ("", "infrastructure/platform.yaml", 3),
    ],
)
def test_an_address_is_found(infrastructure: Path, address: str, path: str, line: int) -> None:
    found = find(infrastructure, "network", infrastructure / "terraform/dev/network", address)
    assert (found.path, found.line) == (path, line)


def test_what_is_no_terraform_is_found_by_its_unit(infrastructure: Path) -> None:
    found = find(infrastructure, "shop", infrastructure / "charts/shop", "apps/Deployment/shop/web")
    assert (found.path, found.line) == ("infrastructure/platform.yaml", 5)


def test_a_module_outside_of_the_release_is_not_pointed_into(infrastructure: Path) -> None:
    out, folder = f"../../../../{infrastructure.parent.name}-outside", infrastructure / "terraform/dev/network"
    outside = infrastructure.parent.with_name(f"{infrastructure.parent.name}-outside")
    outside.mkdir()
    (outside / "main.tf").write_text('resource "aws_vpc" "this" {}\n')
    (folder / "out.tf").write_text(f'module "out" {{\n  source = "../{out}"\n}}\n')
    found = find(infrastructure, "network", folder, "module.out.aws_vpc.this")
    assert (found.path, found.line) == ("infrastructure/terraform/dev/network/out.tf", 1)
