"""Roots anywhere in a repository, promoted as they are: with modules and files of variables beside them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tasks import manifest
from tasks.ledger.history import History
from tasks.promotion.checkouts import StoredCheckouts
from tasks.releases.releases import Releases
from tasks.settings import Settings
from tests.terraform_roots import Root, applied

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


def released(folder: Path, files: dict[str, str]) -> tuple[Releases, str]:
    """The releases of a store, and the id of one that is made of a repository with these files."""
    repository = folder / "repository"
    for name, text in files.items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(text)
    identity = ("-c", "user.name=tester", "-c", "user.email=tester@flowmart.example")
    for arguments in (("init", "--quiet"), ("add", "--all"), (*identity, "commit", "--quiet", "-m", "all of it")):
        subprocess.run(["git", "-C", str(repository), *arguments], check=True)
    releases = History(Settings(repository=repository, store=str(folder / "store"), actor="tester")).releases
    return releases, releases.create(repository, "HEAD", "tester").id


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
