"""What a build of an image comes to, with a packer that only writes its manifest and an AWS that is slow."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from tasks.domain.errors import Refused, Unanswered
from tasks.domain.outcome import Outcome
from tasks.domain.platform import Unit
from tasks.domain.release import Inputs
from tasks.engines.packer import desired
from tasks.engines.packer.builds import Builder
from tasks.engines.packer.desired import Wanted
from tasks.engines.packer.engine import Packer
from tasks.engines.packer.images import DIGEST, Image
from tasks.engines.packer.sources import SUPPLIED
from tests.platforms.workspaces import DEV, workspace

MADE = {"eu-west-1": "ami-1", "us-east-1": "ami-2"}


class NewImages:
    """The images of an account, in which nothing is found by a name yet."""

    made: ClassVar[dict[str, tuple[str, str]]] = {}
    removed: ClassVar[list[str]] = []

    def __init__(self, variables: Mapping[str, str], account: str) -> None:
        self._region, self._account = variables.get("AWS_REGION", DEV.region), account

    def named(self, name: str, owner: str) -> Image | None:
        return None

    def identified(self, identity: str) -> Image | None:
        name, digest = self.made[identity]
        if MADE[self._region] != identity:
            return None
        return Image(identity, name, self._account, "available", None, {DIGEST: digest}, ())

    def family(self, tags: Mapping[str, str]) -> tuple[Image, ...]:
        return ()

    def used(self, identities: Collection[str]) -> frozenset[str]:
        return frozenset()

    def remove(self, image: Image) -> None:
        self.removed.append(image.id)


class NoLeftovers:
    """Nothing was left by earlier builds."""

    def __init__(self, *_: object) -> None: ...

    def find(self) -> tuple[()]:
        return ()

    remove = find


REQUIRED = """packer {
  required_plugins {
    amazon = { source = "github.com/hashicorp/amazon", version = "= 1.3.2" }
  }
}
"""


@pytest.mark.parametrize(
    ("version", "packer", "init"),
    [
        ("1.9.4", REQUIRED, ["init ."]),
        ("1.9.4", 'packer {\n  required_version = ">= 1.7"\n}\n', []),
        ("1.6.6", REQUIRED, []),
    ],
)
def test_plugins_are_installed_wherever_a_template_requires_them(
    tmp_path: Path, version: str, packer: str, init: list[str]
) -> None:
    builder(tmp_path, f'echo "$@" >> {tmp_path}/asked', packer, version).check(None)
    asked = (tmp_path / "asked").read_text().splitlines()
    assert [line for line in asked if line.startswith("init")] == init


def builder(root: Path, script: str, template: str = REQUIRED, version: str = "1.9.4") -> Builder:
    (root / "base").mkdir()
    (root / "base/image.pkr.hcl").write_text(template)
    program = root / "packer"
    program.write_text(f"#!/bin/sh\n[ $1 != version ] || exec echo Packer v{version}\n{script}\n")
    program.chmod(0o755)
    return Builder(str(program), workspace(root, Unit("base", "packer", "base", ("dev",)), executable=str(program)))


ANSIBLE_FAILED = """1,,ui,message,a: fatal: FAILED! => {"msg": "x: Connection refused"%!(PACKER_COMMA) "rc": 7}
2,a.b,error,Error executing Ansible: Non-zero exit status: exit status 2
"""


def test_what_a_playbook_could_not_reach_is_a_rejection(tmp_path: Path) -> None:
    (tmp_path / "said").write_text(ANSIBLE_FAILED)
    script = f'[ $1 != build ] || {{ cat "{tmp_path}/said"; exit 1; }}'
    with pytest.raises(Refused, match="x: Connection refused"):
        builder(tmp_path, script).build(tmp_path / "variables.json")


@pytest.mark.parametrize("command", ["init", "validate"])
@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Get releases: dial tcp: lookup api.github.com: no such host", Unanswered),
        ("Error: Unsupported argument", Refused),
    ],
)
def test_a_server_of_plugins_that_does_not_respond_rejects_nothing(
    tmp_path: Path, command: str, said: str, kind: type[Exception]
) -> None:
    script = f'[ $1 != {command} ] || {{ echo "{said}" >&2; exit 1; }}'
    with pytest.raises(kind, match=said):
        builder(tmp_path, script).check(None)


@pytest.mark.parametrize(("regions", "outcome"), [([*MADE], Outcome.SUCCEEDED), (["eu-west-1"], Outcome.FAILED)])
def test_copies_are_looked_up_by_the_ids_of_the_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regions: list[str], outcome: Outcome
) -> None:
    folder, packer = tmp_path / "base", tmp_path / "packer"
    folder.mkdir()
    variables = "".join(f'variable "{name}" {{\n}}\n' for name in sorted(SUPPLIED))
    source = 'source "amazon-ebs" "a" {\n  ami_regions = ["us-east-1"]\n}\n'
    processor = 'post-processor "manifest" {\n  output = "manifest.json"\n}\n'
    build = f'build {{\n  sources = ["source.amazon-ebs.a"]\n{processor}}}\n'
    (folder / "image.pkr.hcl").write_text(variables + source + build)
    told = ",".join(f"{region}:{MADE[region]}" for region in regions)
    manifest = json.dumps({"last_run_uuid": "r", "builds": [{"packer_run_uuid": "r", "artifact_id": told}]})
    packer.write_text(f"#!/bin/sh\necho Packer v1.9.4\n[ $1 != build ] || echo '{manifest}' > manifest.json\n")
    packer.chmod(0o755)
    monkeypatch.setattr(desired, "Images", NewImages)
    monkeypatch.setattr(desired, "Leftovers", NoLeftovers)
    unit = Unit("base", "packer", "base", ("dev",), inputs={"owner": DEV.account})
    here = workspace(tmp_path, unit, executable=str(packer))
    wanted = Wanted(here)
    NewImages.made = dict.fromkeys(MADE.values(), (wanted.name, wanted.digest))
    plan = Packer(here).plan(Inputs(unit.inputs))
    applied = Packer(here).apply(plan)
    assert applied.outcome is outcome, applied.detail
    assert (applied.outputs.get("amis") == MADE) is (outcome is Outcome.SUCCEEDED)
    assert NewImages.removed == []
