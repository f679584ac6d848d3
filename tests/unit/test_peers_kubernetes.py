"""The programs of a real control plane: given, built once, or missing with what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deployments.peers.kubernetes import programs
from deployments.peers.kubernetes.__main__ import main
from deployments.peers.kubernetes.programs import (
    ASSETS,
    CHOICE,
    PROGRAMS,
    VERSIONS,
    MissingProgram,
    build,
    found,
    path_of,
)

GO = """#!/bin/sh
echo "$@" >>"$0.calls"
while [ "$1" != -o ]; do shift; done
echo program >"$2"
"""
FAILS = "#!/bin/sh\necho 'no space left on device' >&2\nexit 1\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, and nothing on PATH."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv(ASSETS, raising=False)
    return tmp_path


def go(folder: Path, script: str = GO) -> None:
    (folder / "go").write_text(script)
    (folder / "go").chmod(0o755)


@pytest.mark.parametrize("minor", VERSIONS)
def test_the_modules_pin_the_version_that_is_claimed(minor: str) -> None:
    module = Path(programs.__file__).with_name("go") / f"kubernetes-{minor}/go.mod"
    assert re.search(rf"k8s\.io/kubernetes v{re.escape(VERSIONS[minor])}\b", module.read_text())


def test_another_version_is_built_beside_the_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go(folder)
    build(lambda _: None)
    first = path_of("kube-apiserver")
    monkeypatch.setenv(CHOICE, "1.37")
    assert (found("kube-apiserver"), path_of("etcd")) == (None, path_of("etcd"))
    build(lambda _: None)
    assert path_of("kube-apiserver") != first


def test_a_version_that_cannot_be_built_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHOICE, "1.12")
    with pytest.raises(MissingProgram, match=r"FLOWMART_PEERS_KUBERNETES=1\.12: there are 1\.34, 1\.37"):
        path_of("etcd")


def test_a_missing_program_says_how_to_get_it() -> None:
    with pytest.raises(MissingProgram, match="run make peers-kubernetes, or set KUBEBUILDER_ASSETS"):
        path_of("etcd")


def test_what_the_user_has_is_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "etcd").write_text("theirs")
    monkeypatch.setenv(ASSETS, str(folder))
    assert path_of("etcd") == folder / "etcd"


def test_every_program_is_built_once(folder: Path) -> None:
    go(folder)
    build(lambda _: None)
    build(lambda _: None)
    calls = (folder / "go.calls").read_text().splitlines()
    assert [call.split()[-1] for call in calls] == [program.package for program in PROGRAMS["1.34"]]
    assert path_of("kwok").read_text() == "program\n"


def test_a_build_that_fails_says_why_and_leaves_no_program(folder: Path) -> None:
    go(folder, FAILS)
    with pytest.raises(MissingProgram, match="no space left on device"):
        build(lambda _: None)
    assert found("etcd") is None


def test_without_go_the_error_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(MissingProgram, match="install Go, or set KUBEBUILDER_ASSETS"):
        build(lambda _: None)


def test_a_command_is_not_run_without_a_control_plane(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "touch", str(folder / "ran")]) == 1
    assert "run make peers-kubernetes" in capsys.readouterr().err
    assert not (folder / "ran").exists()


def test_what_to_run_has_to_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run"]) == 2
    assert "run COMMAND" in capsys.readouterr().err
