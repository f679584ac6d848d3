"""The example of another provider than AWS, promoted with a real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.peers.real_providers import MIRROR
from tests.platforms.example_platforms import Example


def test_environments_without_aws_are_promoted_with_any_provider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = tmp_path / "terraform.tfrc"
    configuration.write_text(f'provider_installation {{\n  filesystem_mirror {{ path = "{MIRROR}" }}\n}}\n')
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(configuration))
    example = Example("another-provider", tmp_path)
    example.promote_through(example.release(), ["dev", "production"])
    assert (example.states / "production/zone").read_text() == "www.production.shop.example 198.51.100.7\n"
    assert example.state("production").receipts.keys() == {"zone"}
