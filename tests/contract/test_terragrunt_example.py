"""The example of a Terragrunt repository, promoted with the real Terragrunt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.peers.terragrunts import PROGRAM
from tests.platforms.example_platforms import Example


def test_the_units_of_a_live_repository_are_found_and_promoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWMART_TERRAGRUNT", PROGRAM)
    example = Example("terragrunt", tmp_path)
    example.promote_through(example.release(), ["dev", "production"])
    assert {*example.state("production").receipts} == {"network", "app"}
    found = example.outputs("production/app/terraform.tfstate")
    assert found == {"address": "app.network-production.shop.example"}
