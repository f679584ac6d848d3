"""Which providers and modules a Terragrunt unit gets is decided when its release is made, with the real binary."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deployments.setup.terraform import system
from tasks.domain.errors import InvalidInput, Refused
from tasks.engines.terraform.commands import LOCK_FILE
from tasks.engines.terragrunt import parity
from tasks.engines.terragrunt.preparation import Preparation
from tests.peers.terragrunts import PROGRAM
from tests.platforms.terragrunt_live import Live

PROVIDER = "registry.terraform.io/acme/thing"
MODULE = """
terraform {
  required_providers {
    thing = { source = "acme/thing", version = ">= 1.0.0" }
  }
}
module "inner" {
  source = "git::file://REMOTE//inner?ref=v1"
}
"""
INNER = 'variable "port" { default = 1 }\n'
UNIT = """
terraform {
  source = "${dirname(find_in_parent_folders("root.hcl"))}/../modules//thing"
}
"""
ENVIRONMENTS = "live/environments"
THING, NAME = "eu-west-1/thing", "eu-west-1-thing"


class Shop(Live):
    """A live repository of one unit that needs a provider and a module of a module, and a mirror of providers."""

    def __init__(self, folder: Path) -> None:
        self.mirror = folder / "mirror"
        super().__init__(folder)
        self.configuration = folder / "mirror.tfrc"
        installation = f'filesystem_mirror {{\n    path = "{self.mirror}"\n  }}'
        self.configuration.write_text(f"provider_installation {{\n  {installation}\n}}\n")
        self.provide("1.0.0")
        self.inner(INNER)
        self.write("modules/thing/main.tf", MODULE.replace("REMOTE", str(self.remote)))
        self.reduce({"thing": UNIT})

    def provide(self, version: str) -> None:
        """A version of the provider in the mirror, which nothing starts."""
        program = self.mirror / f"{PROVIDER}/{version}/{system()}/terraform-provider-thing_v{version}"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\n# {version}\nexit 1\n")
        program.chmod(0o755)

    def inner(self, code: str) -> None:
        """The module that the module calls, at a tag that may be there already."""
        place = self.remote / "inner/main.tf"
        place.parent.mkdir(exist_ok=True)
        place.write_text(code)
        self.tag("v1", (self.remote / "app/main.tf").read_text())

    def lock(self, checkout: Path, environment: str = "dev") -> str:
        """The lock file of the unit."""
        return (checkout / ENVIRONMENTS / environment / THING / LOCK_FILE).read_text()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("FLOWMART_TERRAGRUNT", PROGRAM)
        patched.delenv("TF_PLUGIN_CACHE_DIR", raising=False)
        patched.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "mirror.tfrc"))
        yield Shop(tmp_path)


def test_providers_and_modules_of_modules_are_those_of_the_day_of_the_release(shop: Shop) -> None:
    first = shop.release()
    shop.provide("1.1.0")
    shop.inner(INNER.replace("1", "2"))
    for environment in ("dev", "staging"):
        workspace, made = shop.made(first, NAME, environment)
        assert 'version     = "1.0.0"' in shop.lock(workspace.infrastructure, environment)
        assert (made.folder / f".terraform/providers/{PROVIDER}/1.0.0").is_dir()
        assert (made.folder / ".terraform/modules/inner/inner/main.tf").read_text() == INNER
        before = sorted(workspace.infrastructure.rglob("*"))
        Preparation(workspace).made(replace(workspace.inputs, upstream={"other": {}}))
        assert sorted(workspace.infrastructure.rglob("*")) == before
    assert shop.release() != first


def test_a_lock_file_that_is_committed_is_used_and_never_changed(shop: Shop) -> None:
    workspace, _ = shop.made(shop.release(), NAME)
    old = shop.lock(workspace.infrastructure)
    shop.provide("1.1.0")
    shop.write(f"{ENVIRONMENTS}/dev/{THING}/{LOCK_FILE}", old)
    shop.commit("A lock file in dev")
    release = shop.release()
    there, made = shop.made(release, NAME, "staging")
    assert (shop.lock(there.infrastructure), shop.lock(there.infrastructure, "staging") != old) == (old, True)
    assert [*parity.other_providers(there)] == [
        f"its lock file has other providers than that of dev: {PROVIDER} 1.1.0, not 1.0.0"
    ]
    assert (made.folder / f".terraform/providers/{PROVIDER}/1.1.0").is_dir()
    shop.write(f"{ENVIRONMENTS}/dev/{THING}/{LOCK_FILE}", old.replace("acme/thing", "acme/another"))
    shop.commit("A lock file of another provider")
    with pytest.raises(Refused, match=rf"thing: its {LOCK_FILE} is not that of its providers: run terragrunt init"):
        shop.made(shop.release(), NAME)


def test_the_lock_file_of_a_module_holds_for_its_units(shop: Shop) -> None:
    workspace, _ = shop.made(shop.release(), NAME)
    shop.provide("1.1.0")
    shop.write(f"modules/thing/{LOCK_FILE}", shop.lock(workspace.infrastructure))
    shop.commit("A lock file in the module")
    workspace, made = shop.made(shop.release(), NAME)
    assert (made.folder / f".terraform/providers/{PROVIDER}/1.0.0").is_dir()
    assert not (workspace.folder / LOCK_FILE).exists()


def test_a_provider_that_cannot_be_had_is_named_when_the_release_is_made(shop: Shop) -> None:
    shutil.rmtree(shop.mirror)
    shop.mirror.mkdir()
    told = f"(?s)dev/{THING}: its providers and modules cannot be had: .*acme/thing.*commit {LOCK_FILE}"
    with pytest.raises(InvalidInput, match=told):
        shop.release()
