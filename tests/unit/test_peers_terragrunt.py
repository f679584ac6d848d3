"""The real Terragrunt: which one is built, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.peers import terragrunt


def test_the_module_pins_the_version_that_is_claimed_and_stamped() -> None:
    module = (terragrunt.PROGRAM.module / "go.mod").read_text()
    assert f"github.com/gruntwork-io/terragrunt v{terragrunt.VERSION} " in module
    assert terragrunt.PROGRAM.link.endswith(f"=v{terragrunt.VERSION}")


def test_where_there_is_none_it_is_said_how_to_build_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert terragrunt.PEER.main([]) == 1
    assert terragrunt.PEER.main(["build"]) == 1
    said = capsys.readouterr().err
    assert "run make peers-terragrunt" in said
    assert "install Go, or name a Terragrunt of your own by FLOWMART_TERRAGRUNT" in said
