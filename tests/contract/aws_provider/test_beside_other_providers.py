"""The stand-in beside what a user has: providers from other mirrors, a plugin cache, lock files of the real one."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deployments.sandbox.aws_provider import package
from deployments.sandbox.aws_provider.install import install, platform_name
from tests.contract.aws_provider.world import Root, World

THING = """
terraform {
  required_providers {
    thing = {
      source = "corp.example/corp/thing"
    }
  }
}
"""
LOCK = """
provider "registry.terraform.io/hashicorp/aws" {{
  version     = "6.28.0"
  constraints = "~> 6.0"
  hashes = [
    "h1:BTxxVcB3jkCZ7Xj3OUc6uT7/RnBJjVjGXl1uYrVzkLQ=",{more}
  ]
}}
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's configuration: a plugin cache, and a mirror with a provider of the company's."""
    packages = tmp_path / "company" / "corp.example" / "corp" / "thing"
    packages.mkdir(parents=True)
    with zipfile.ZipFile(packages / f"terraform-provider-thing_1.2.3_{platform_name()}.zip", "w") as packed:
        packed.writestr("terraform-provider-thing", "#!/bin/sh\nexit 1\n")
    (tmp_path / "cache").mkdir()
    configuration = tmp_path / "own.tfrc"
    configuration.write_text(f"""
plugin_cache_dir = "{tmp_path / "cache"}"
provider_installation {{
  filesystem_mirror {{
    path = "{tmp_path / "company"}"
  }}
}}
""")
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(configuration))
    return tmp_path


@pytest.fixture
def beside(own: Path, moto: str, warm_server: Path, accounts: Iterator[str]) -> Root:
    """A root of that user's."""
    (own / "root").mkdir()
    world = World(moto, install(own / "mirror", warm_server, ["6.28.0"]))
    return Root(world, own / "root", next(accounts))


def test_a_provider_from_the_users_mirror_is_installed_beside_the_stand_in(beside: Root) -> None:
    (beside.folder / "thing").mkdir()
    (beside.folder / "thing" / "main.tf").write_text(THING)
    beside.write('module "thing" {\n  source = "./thing"\n}\n').initialised()
    lock = beside.folder / ".terraform.lock.hcl"
    assert 'provider "corp.example/corp/thing" {\n  version = "1.2.3"' in lock.read_text()
    assert package.checksum() in lock.read_text()


def test_a_plugin_cache_gets_a_copy_that_nothing_can_write_through(own: Path, beside: Root) -> None:
    beside.write('resource "aws_eip" "this" {\n}\n').initialised().apply()
    cached = own / "cache" / "registry.terraform.io" / "hashicorp" / "aws" / package.VERSION / platform_name()
    assert cached.is_dir()
    assert not cached.is_symlink()
    shutil.rmtree(beside.folder / ".terraform")
    beside.initialised().run("plan", "-detailed-exitcode")


def test_a_lock_file_of_the_real_provider_needs_one_checksum_more(beside: Root) -> None:
    beside.write('resource "aws_eip" "this" {\n}\n')
    lock = beside.folder / ".terraform.lock.hcl"
    lock.write_text(LOCK.format(more=""))
    assert "doesn't match any of the checksums" in beside.fails("init", "-lockfile=readonly")
    more = f'\n    "{package.checksum()}",'
    lock.write_text(LOCK.format(more=more))
    beside.run("init", "-lockfile=readonly")
    assert lock.read_text() == LOCK.format(more=more)
    beside.run("plan")


def test_without_the_sandboxs_configuration_the_stand_in_says_what_it_is(beside: Root) -> None:
    beside.write('resource "aws_eip" "this" {\n}\n').initialised()
    elsewhere = beside.folder / "elsewhere.tfrc"
    elsewhere.touch()
    outside = replace(beside, world=World(beside.world.endpoint, elsewhere))
    assert "needs the profile of a running sandbox: flowmart sandbox up" in outside.fails("plan")
