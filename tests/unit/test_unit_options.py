"""The options of an engine, from platform.yaml to the tool, and into the digest that decides what is planned."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tasks import manifest
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Level, Validation
from tasks.engines.ansible.options import AnsibleOptions
from tasks.releases.unit_digests import unit_digests
from tests.platforms.workspaces import workspace


def infrastructure(folder: Path, **unit: object) -> Path:
    """A platform with one unit for Ansible, and what else is declared for it."""
    hosts = {"engine": "ansible", "source": "hosts", "environments": ["dev"], **unit}
    (folder / "hosts").mkdir(parents=True)
    (folder / "hosts/playbook.yml").write_text("- hosts: all\n")
    declared = {"platform": "shop", "environments": {"dev": {}}, "units": {"hosts": hosts}}
    (folder / "platform.yaml").write_text(yaml.safe_dump(declared))
    return folder


@pytest.mark.parametrize(
    ("written", "variables"), [({}, {}), ({"ansible": {}}, {}), ({"ansible": {"forks": 20}}, {"ANSIBLE_FORKS": "20"})]
)
def test_the_options_of_a_unit_reach_its_engine(
    tmp_path: Path, written: dict[str, object], variables: dict[str, str]
) -> None:
    folder = infrastructure(tmp_path, **written)
    unit = manifest.resolve(manifest.load(folder), "dev", "hosts")
    assert workspace(folder, unit).options(AnsibleOptions).variables == variables


def test_a_changed_option_is_a_changed_unit(tmp_path: Path) -> None:
    def digest(name: str, **unit: object) -> str:
        folder = infrastructure(tmp_path / name, **unit)
        return unit_digests(folder, manifest.load(folder), ())["dev/hosts"]

    without = digest("without")
    assert digest("empty", ansible={}) == without
    assert digest("five", ansible={"forks": 5}) != digest("six", ansible={"forks": 6}) != without


def test_how_a_unit_wants_a_validator_reaches_its_test_stage(tmp_path: Path) -> None:
    folder = infrastructure(tmp_path, validators={"ansible-lint": {"level": "off", "ignore": {"name": "known"}}})
    unit = manifest.resolve(manifest.load(folder), "dev", "hosts")
    assert unit.validators == {"ansible-lint": Validation(Level.OFF, {"name": "known"})}


def test_a_validator_that_the_engine_does_not_have_is_a_mistake(tmp_path: Path) -> None:
    folder = infrastructure(tmp_path, validators={"cfn-lint": {}})
    with pytest.raises(InvalidInput, match=r"'cfn-lint' is not a validator of ansible\. Allowed: ansible-lint"):
        manifest.load(folder)


def terraform_platform(folder: Path, block: object, **options: object) -> Path:
    """A platform with one Terraform unit with these options, and a block for all of them."""
    (folder / "app").mkdir(parents=True)
    (folder / "app/main.tf").write_text("")
    unit = {"engine": "terraform", "source": "app", "environments": ["dev"], "terraform": options}
    declared = {"platform": "shop", "environments": {"dev": {}}, "terraform": block, "units": {"app": unit}}
    (folder / "platform.yaml").write_text(yaml.safe_dump(declared))
    return folder


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"binary": "tofu", "version": "~> 1.10"}),
        ({"binary": "terraform", "workspace": "x"}, {"binary": "terraform", "version": "~> 1.10", "workspace": "x"}),
    ],
)
def test_what_all_terraform_units_have_is_said_once(
    options: dict[str, object], expected: dict[str, object], tmp_path: Path
) -> None:
    folder = terraform_platform(tmp_path, {"binary": "tofu", "version": "~> 1.10"}, **options)
    assert manifest.resolve(manifest.load(folder), "dev", "app").options == expected


def test_a_mistake_in_what_all_have_is_told_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"platform.yaml:\d+: terraform.binry: ") as raised:
        manifest.load(terraform_platform(tmp_path, {"binry": "tofu"}))
    assert "units.app" not in str(raised.value)
