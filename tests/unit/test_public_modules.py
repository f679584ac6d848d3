"""The six public modules: each root pins its module, and a folder of clones takes the place of the network."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.public_modules import platform
from tests.public_modules.__main__ import ADDRESS, read_clones
from tests.public_modules.modules import MODULES, ROOTS, Module

NOBODY = ("-c", "user.name=tester", "-c", "user.email=tester@flowmart.example")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_root_uses_its_module_at_a_tag_and_has_an_output_for_the_change_by_hand(module: Module) -> None:
    code = (ROOTS / f"{module.name}.tf").read_text()
    sources = re.findall(r'^ +source = "(.*)"', code, re.MULTILINE)
    assert sources
    for source in sources:
        assert re.fullmatch(rf"git::{ADDRESS}terraform-aws-{module.name}(//[\w/-]+)?\?ref=v[\d.]+", source)
    assert 'output "id"' in code
    assert "VERSION" in code


def test_git_reads_a_folder_of_clones_in_place_of_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clones" / "terraform-aws-vpc"
    subprocess.run(["git", "init", "--quiet", str(clone)], check=True)
    subprocess.run(["git", "-C", str(clone), *NOBODY, "commit", "--quiet", "--allow-empty", "-m", "a"], check=True)
    subprocess.run(["git", "-C", str(clone), "tag", "v1.0.0"], check=True)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    read_clones(tmp_path / "clones", tmp_path)
    listed = subprocess.run(
        ["git", "ls-remote", f"{ADDRESS}terraform-aws-vpc"], capture_output=True, text=True, check=True
    )
    assert "refs/tags/v1.0.0" in listed.stdout


def test_the_platform_of_a_module_is_one_that_can_be_released(tmp_path: Path) -> None:
    made = platform.ModulePlatform(tmp_path, "vpc")
    assert made.nothing() == made.nothing()
