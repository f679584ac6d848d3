"""sops as a peer: the version that is claimed, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.peers import sops


def test_the_module_pins_the_version_that_is_claimed() -> None:
    assert f"github.com/getsops/sops/v3 v{sops.VERSION} " in (sops.PROGRAM.module / "go.mod").read_text()


def test_where_there_is_none_it_is_said_how_to_build_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert sops.PEER.main([]) == 1
    assert "run make peers-sops" in capsys.readouterr().err
