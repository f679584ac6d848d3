"""Real providers as peers: pinned, built once each into a mirror, or missing with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.peers.golang import MissingProgram
from deployments.peers.providers import MIRROR, PROVIDERS, Provider

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


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_a_go_module_of_its_own_pins_each(provider: Provider) -> None:
    module = (provider.program.module / "go.mod").read_text()
    assert f"tool {provider.module}\n" in module


def test_they_are_built_once_into_a_mirror(folder: Path) -> None:
    assert MIRROR.found() is None
    (folder / "go").write_text(GO)
    (folder / "go").chmod(0o755)
    assert MIRROR.build() == MIRROR.build() == MIRROR.found()
    assert len((folder / "go.calls").read_text().splitlines()) == len(PROVIDERS)
    for provider in PROVIDERS:
        [found] = MIRROR.folder.glob(f"registry.terraform.io/hashicorp/{provider.name}/{provider.version}/*/*")
        assert found.name == f"terraform-provider-{provider.name}_v{provider.version}"
        assert not found.is_symlink()


def test_without_one_of_them_there_is_no_mirror(folder: Path) -> None:
    (folder / "go").write_text(GO)
    (folder / "go").chmod(0o755)
    (MIRROR.build() / PROVIDERS[0].place).unlink()
    assert MIRROR.found() is None


def test_without_go_it_says_what_else_does(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(MissingProgram, match="no go on PATH to build terraform-provider-time with: install Go"):
        MIRROR.build()
