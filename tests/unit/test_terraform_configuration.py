"""What the code says of an object is found by its address, whatever the keys of its instances are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.engines.terraform import configuration
from tasks.engines.terraform.configuration import MODULES

KEPT = """
resource "terraform_data" "kept" {
  for_each = var.names
  lifecycle {
    prevent_destroy = true
    ignore_changes  = [input]
  }
}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root and its module, both with such an object."""
    for folder in (tmp_path, tmp_path / "groups"):
        folder.mkdir(exist_ok=True)
        (folder / "main.tf").write_text(KEPT)
    (tmp_path / MODULES).parent.mkdir(parents=True)
    known = [{"Key": "", "Source": "", "Dir": "."}, {"Key": "groups", "Source": "./groups", "Dir": "groups"}]
    (tmp_path / MODULES).write_text(json.dumps({"Modules": known}))
    return tmp_path


@pytest.mark.parametrize(
    "address",
    [
        "terraform_data.kept[0]",
        'terraform_data.kept["Domain Users"]',
        'terraform_data.kept["a.b"]',
        'terraform_data.kept["[x].y"]',
        'terraform_data.kept["a \\"quoted\\" ] key"] (deposed 0a1b2c3d)',
        'module.groups["eu west"].terraform_data.kept["x y"]',
        "module.groups.terraform_data.kept",
    ],
)
def test_keys_of_instances_do_not_matter(root: Path, address: str) -> None:
    assert configuration.ignored(root, address) == {"input"}
    assert configuration.is_undeletable(root, address)
