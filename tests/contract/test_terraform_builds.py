"""What the real terraform installs for a root without a lock file is noted, and held against other environments."""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path

import pytest

from deployments.setup.terraform import system
from tasks.domain.errors import Refused
from tasks.domain.release import Inputs, Receipt, Target
from tasks.engines.base import Workspace
from tasks.engines.terraform import builds
from tasks.engines.terraform.execution import Execution
from tasks.engines.terraform.preparation import Preparation
from tasks.processes import Processes
from tests.platforms.terraform_roots import ON_OPENTOFU, Root

HOST = "registry.opentofu.org" if ON_OPENTOFU else "registry.terraform.io"
NAME = f"{HOST}/acme/thing"
CODE = """
terraform {{
  required_providers {{
    thing = {{
      source  = "acme/thing"
      version = "1.0.0"
    }}
  }}
}}
"""


def mirror(folder: Path, content: str) -> Path:
    """A CLI configuration for a mirror with one provider, which nothing starts."""
    program = folder / f"mirror/{NAME}/1.0.0/{system()}/terraform-provider-thing_v1.0.0"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\n# {content}\nexit 1\n")
    program.chmod(0o755)
    configuration = folder / "mirror.tfrc"
    mirrors = f'filesystem_mirror {{\n    path = "{folder}/mirror"\n  }}'
    configuration.write_text(f"provider_installation {{\n  {mirrors}\n}}\n")
    return configuration


def prepared(root: Root, configuration: Path) -> Workspace:
    """A checkout of the root after its init."""
    known = {name: value for name, value in Processes().environment.items() if name != "TF_PLUGIN_CACHE_DIR"}
    environment = {**known, "TF_CLI_CONFIG_FILE": str(configuration)}
    workspace = replace(root.release(CODE.format()), processes=Processes(environment))
    Preparation(workspace, Execution(workspace)).prepare(Inputs())
    return workspace


def test_another_build_under_the_same_version_is_not_applied(tmp_path: Path) -> None:
    root = Root(tmp_path)
    first = prepared(root, mirror(tmp_path, "one"))
    details = builds.details(first.folder)
    assert [*details["providers"]] == [NAME]
    assert [*details["providers"][NAME]["hashes"]] == [f"h1 {platform.system()} {platform.machine()}"]
    receipt = Receipt("dev/1", Target("same", "dev", "first"), "", "", "", {}, "", details)
    same, other = (prepared(root, mirror(tmp_path, content)) for content in ("one", "two"))
    production = Target("same", "production", "first")
    builds.refuse_another(replace(same, target=production), (receipt,))
    with pytest.raises(Refused, match=r"acme/thing 1\.0\.0 is another build than dev got with this release"):
        builds.refuse_another(replace(other, target=production), (receipt,))
