"""A wheel of the product has what a checkout has: the code, and every file beside it that the code reads."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("flows", "tasks", "deployments")
OTHERS = ("pyproject.toml", "README.md", "LICENSE", "prefect.yaml")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """Built from a copy, since a build leaves folders in the source."""
    source, made = (tmp_path_factory.mktemp(name) for name in ("source", "wheel"))
    for name in PACKAGES:
        shutil.copytree(PROJECT / name, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in OTHERS:
        shutil.copy(PROJECT / name, source / name)
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    subprocess.run([*pip, "-w", str(made), "."], cwd=source, check=True, capture_output=True)
    (file,) = made.glob("flowmart-*.whl")
    return ZipFile(file)


def test_every_file_of_the_packages_is_in_it(wheel: ZipFile) -> None:
    files = [file for name in PACKAGES for file in (PROJECT / name).rglob("*") if file.is_file()]
    wanted = {str(file.relative_to(PROJECT)) for file in files if "__pycache__" not in file.parts}
    inside = set(wheel.namelist())
    assert sorted(wanted - inside) == []
    assert [name for name in inside if name.endswith(".pyc")] == []


def test_the_deployments_of_prefect_yaml_are_in_it(wheel: ZipFile) -> None:
    assert wheel.read("deployments/server/prefect.yaml") == (PROJECT / "prefect.yaml").read_bytes()
