"""Roots anywhere in a repository, promoted as they are: with modules and files of variables beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks import manifest
from tasks.promotion.checkouts import StoredCheckouts
from tests.platforms.terraform_roots import Root, applied, released

PLATFORM = """
platform: shop
paths: [{paths}]
environments:
  dev: {{}}
units:
  first:
    engine: terraform
    source: {source}
    environments: [dev]
    terraform: {{var_files: [{file}]}}
"""
CODE = """
terraform {{
  backend "local" {{ path = "{state}" }}
}}
variable "colour" {{}}
module "paint" {{
  source = "{modules}/paint"
  colour = var.colour
}}
output "colour" {{ value = module.paint.colour }}
"""
MODULE = 'variable "colour" {}\noutput "colour" { value = "${var.colour} ${file("${path.module}/../shade")}" }\n'


@pytest.mark.parametrize(
    ("source", "paths", "up"),
    [
        ("terraform/live/dev/first", "terraform, modules, common.tfvars", "../../../.."),
        ("stacks", "'.'", ".."),
        (".", "main.tf, modules, common.tfvars", "."),
    ],
)
def test_a_root_is_planned_and_applied_where_it_is(tmp_path: Path, source: str, paths: str, up: str) -> None:
    root = Root(tmp_path)
    releases, release = released(
        tmp_path,
        {
            "infrastructure/platform.yaml": PLATFORM.format(paths=paths, source=source, file=f"{up}/common.tfvars"),
            f"{source}/main.tf": CODE.format(state=root.state_file, modules=f"{up}/modules"),
            "modules/paint/main.tf": MODULE,
            "modules/shade": "dark",
            "common.tfvars": 'colour = "blue"\n',
        },
    )
    checkout = StoredCheckouts(releases, tmp_path / "run").of(release)
    unit = manifest.resolve(checkout.platform, "dev", "first")
    assert applied(root.at(checkout.root_of("first"), unit, release)).outputs == {"colour": "blue dark"}
