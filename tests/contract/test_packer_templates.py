"""FlowMart's own templates, with the packer and the ansible-playbook that are installed, and one of them built."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployments.sandbox import Sandbox
from tasks import manifest
from tasks.domain.outcome import Outcome
from tasks.domain.release import Inputs, Target
from tasks.engines.packer.engine import ENGINE
from tests.peers.tools import tool
from tests.platforms.images import as_role
from tests.platforms.workspaces import workspace

PACKER = Path(__file__).parents[2] / "infrastructure" / "packer"
GIVEN: dict[str, Any] = {
    "name": "flowmart-trial-000000000000",
    "region": "eu-west-1",
    "accounts": ["222222222222"],
    "tags": {"Project": "flowmart", "Release": "trial"},
}
SOURCES = {
    "base": {"source_name": "debian-12-amd64-20250316-2053"},
    "application": {"source_ami": "ami-0123456789abcdef0"},
}


def validated(template: str, folder: Path, **values: Any) -> subprocess.CompletedProcess[str]:
    """What packer says of a template with these variables."""
    file = folder / "variables.pkrvars.json"
    file.write_text(json.dumps({**GIVEN, **SOURCES[template], **values}))
    # Packer 1.6 takes the file alone; later ones take it, too.
    command = [tool("packer"), "validate", f"-var-file={file}", "image.pkr.hcl"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    around = {**os.environ, "PATH": path, "CHECKPOINT_DISABLE": "1"}
    return subprocess.run(command, cwd=PACKER / template, env=around, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("template", ["base", "application"])
def test_a_template_is_valid(template: str, tmp_path: Path) -> None:
    done = validated(template, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("template", "values", "why"),
    [
        ("base", {"name": "Not A Name"}, "The name must be"),
        ("base", {"source_name": "debian-12-*"}, "without wildcards"),
        ("base", {"accounts": ["dev"]}, "12 digits"),
        ("base", {"tags": {"Project": "flowmart"}}, "must hold Project and Release"),
        ("application", {"source_ami": "the newest"}, "The source_ami must be"),
        ("application", {"volume_gb": 4}, "from 8 to 64"),
        ("application", {"reached_from": ["0.0.0.0/0"]}, "the whole internet"),
        ("application", {"kms_key_id": "alias/aws/ebs"}, "The kms_key_id must be"),
    ],
)
def test_wrong_values_are_refused_with_what_is_right(
    template: str, values: dict[str, Any], why: str, tmp_path: Path
) -> None:
    done = validated(template, tmp_path, **values)
    assert done.returncode != 0
    assert why in " ".join((done.stdout + done.stderr).split())


@pytest.mark.sandbox
def test_the_application_image_is_built_and_provisioned_by_ansible(operator: Sandbox, tmp_path: Path) -> None:
    """On the sandbox's Debian itself: what the base image adds is the Ansible roles' to show."""
    infrastructure = tmp_path / "infrastructure"
    shutil.copytree(PACKER.parent, infrastructure)
    shared = operator.platform.environment("shared")
    unit = manifest.resolve(operator.platform, "shared", "image")
    ec2 = operator.administrator("shared")("ec2")
    debian = ec2.describe_images(Filters=[{"Name": "name", "Values": [SOURCES["base"]["source_name"]]}])["Images"][0]
    values = {**unit.inputs, "variables": {"source_ami": debian["ImageId"]}}
    engine = ENGINE.make(
        workspace(
            infrastructure,
            replace(unit, inputs=values),
            shared,
            target=Target("trial", "shared", "image"),
            reading=as_role(shared, shared.roles.plan),
            writing=as_role(shared, shared.roles.apply),
            executable=tool("packer"),
        )
    )
    applied = engine.apply(engine.plan(Inputs(values)))
    assert applied.outcome is Outcome.SUCCEEDED, applied.detail
    assert applied.outputs["source_ami"] == debian["ImageId"]
    assert applied.outputs["tags"]["Release"] == "trial"
    built_on = operator.root / ".flowmart/sandbox/hosts/builder/root"
    assert "ExecStart" in (built_on / "etc/systemd/system/flowmart-application.service").read_text()
