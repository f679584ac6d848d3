"""OpenTofu, which looks for hashicorp/aws at a registry of its own, works with the stand-in too."""

from __future__ import annotations

import json
import subprocess

from tests.contract.aws_provider.world import Root
from tests.peers.tofu import tofu


def run(root: Root, *arguments: str) -> str:
    command = [tofu() or "", *arguments]
    done = subprocess.run(command, cwd=root.folder, env=root.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_root_is_applied_unchanged_and_destroyed(root: Root) -> None:
    root.write('resource "aws_vpc" "this" {\n  cidr_block = "10.0.0.0/16"\n}\n')
    run(root, "init", "-input=false")
    run(root, "apply", "-input=false", "-auto-approve")
    [made] = json.loads(run(root, "show", "-json"))["values"]["root_module"]["resources"]
    assert made["provider_name"] == "registry.opentofu.org/hashicorp/aws"
    run(root, "plan", "-input=false", "-detailed-exitcode")
    run(root, "destroy", "-input=false", "-auto-approve")
