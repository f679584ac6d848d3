"""OpenSearch as a peer: the version that is claimed, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.peers import opensearch
from deployments.peers.opensearch import building
from deployments.peers.opensearch.__main__ import main


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with neither OpenSearch nor Java."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return tmp_path


def test_the_module_pins_the_version_that_is_claimed() -> None:
    pinned = f"<opensearch.version>{opensearch.VERSION}</opensearch.version>"
    assert pinned in (building.MODULE / "pom.xml").read_text()


def test_where_there_is_none_it_is_said_how_to_build_it(nothing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 1
    assert main(["up", str(nothing / "node")]) == 1
    assert capsys.readouterr().err.count("run make peers-opensearch") == 2


def test_without_java_it_is_not_built(nothing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build"]) == 1
    assert "install both" in capsys.readouterr().err


def test_the_java_of_java_home_goes_first(nothing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = nothing / "jdk/bin/java"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    monkeypatch.setenv("JAVA_HOME", str(nothing / "jdk"))
    assert building.java() == program


@pytest.mark.parametrize("arguments", [["start"], ["up"], ["up", "folder", "http"], ["build", "again"]])
def test_wrong_arguments_are_answered_with_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("usage: python -m deployments.peers.opensearch")
