"""OpenTofu as a peer: the version that is claimed, built once, or missing with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.peers import opentofu
from deployments.peers.golang import MissingProgram

GO = """#!/bin/sh
echo "$@" >>"$0.calls"
while [ "$1" != -o ]; do shift; done
echo program >"$2"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, and nothing on PATH but the system's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def test_the_module_pins_the_version_that_is_claimed() -> None:
    module = (opentofu.PROGRAM.module / "go.mod").read_text()
    assert f"github.com/opentofu/opentofu v{opentofu.VERSION} " in module


def test_it_is_built_once_as_a_release(folder: Path) -> None:
    assert opentofu.PEER.found() is None
    (folder / "go").write_text(GO)
    (folder / "go").chmod(0o755)
    assert opentofu.PEER.build() == opentofu.PEER.build() == opentofu.PEER.found()
    (call,) = (folder / "go.calls").read_text().splitlines()
    assert "version.dev=no" in call


def test_without_go_it_says_what_else_does(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(MissingProgram, match="no go on PATH to build tofu with: install Go, or name an OpenTofu of"):
        opentofu.PEER.build()
