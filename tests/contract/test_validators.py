"""The real cfn-lint, ansible-lint and packer, as validators."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.domain.errors import Refused
from tasks.domain.platform import Unit
from tasks.engines import ENGINES, validation
from tests.peers.tools import tool
from tests.platforms.workspaces import workspace


def found(folder: Path, engine: str, executable: str = "") -> list[tuple[str, bool]]:
    unit = Unit("orders", engine, "orders", ("dev",), time_limit=300)
    around = workspace(folder, unit, executable=executable)
    return [(each.message, each.denied) for each in validation.violations(around, ENGINES[engine].validators)]


def test_cfn_lint_denies_a_property_that_there_is_not(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    resource = "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      VisibilityTimeot: 3\n"
    (tmp_path / "orders/template.yaml").write_text(resource)
    [(message, denied)] = found(tmp_path, "cloudformation")
    assert message.startswith("orders/template.yaml:5: E3002: Additional properties are not allowed")
    assert denied


def test_cfn_lint_has_nothing_against_a_good_template(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders/template.yaml").write_text("Resources:\n  Q:\n    Type: AWS::SQS::Queue\n")
    assert found(tmp_path, "cloudformation") == []


MISTAKEN = "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties: {VisibilityTimeout: 99999999}\n"
UNUSED = "Parameters: {Unused: {Type: String}}\n"


@pytest.mark.parametrize(
    ("place", "configuration", "rules"),
    [
        ("orders/.cfnlintrc", "ignore_checks: [W2001]", ["E3034"]),
        (".cfnlintrc.yml", "ignore_checks: [E3034]", ["W2001"]),
        ("orders/.cfnlintrc.yaml", "{output_file: result.json, format: pretty}", ["E3034", "W2001"]),
        ("orders/.cfnlintrc", "templates: [other.yaml]", ["E3034", "W2001"]),
        ("orders/.cfnlintrc", "ignore_templates: [template.yaml]", []),
        ("other/.cfnlintrc", "ignore_checks: [E, W]", ["E3034", "W2001"]),
    ],
)
def test_cfn_lint_is_configured_as_the_release_says(
    tmp_path: Path, place: str, configuration: str, rules: list[str]
) -> None:
    for name in ("orders", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "orders/template.yaml").write_text(UNUSED + MISTAKEN)
    (tmp_path / place).write_text(configuration)
    told = found(tmp_path, "cloudformation")
    assert sorted(message.split(": ")[1] for message, _ in told) == rules
    assert [file.name for file in (tmp_path / "orders").glob("*.json")] == []


def test_a_configuration_of_cfn_lint_that_is_wrong_is_named(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders/template.yaml").write_text("Resources:\n  Q:\n    Type: AWS::SQS::Queue\n")
    (tmp_path / "orders/.cfnlintrc").write_text("ignore: [W]")
    with pytest.raises(Refused, match=r"Invalid configuration key 'ignore' in \.cfnlintrc"):
        found(tmp_path, "cloudformation")


def test_cfn_lint_reads_nested_templates_too(tmp_path: Path) -> None:
    (tmp_path / "orders/nested").mkdir(parents=True)
    nested = "{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: nested/queues.yaml}}"
    (tmp_path / "orders/template.yaml").write_text(f"Resources:\n  Inner: {nested}\n")
    (tmp_path / "orders/nested/queues.yaml").write_text(MISTAKEN)
    [(message, denied)] = found(tmp_path, "cloudformation")
    assert message.startswith("orders/nested/queues.yaml:4: E3034: ")
    assert denied


def test_ansible_lint_warns_with_file_line_and_rule(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders/playbook.yml").write_text(
        "---\n- name: Play\n  hosts: all\n  tasks:\n    - command: touch /x\n"
    )
    told = found(tmp_path, "ansible")
    assert ("orders/playbook.yml:5: no-changed-when: Task/Handler: command touch /x", False) in told
    assert not any(denied for _, denied in told)


def test_packer_warns_of_a_file_that_is_not_formatted(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders/good.pkr.hcl").write_text('variable "name" {\n  type = string\n}\n')
    (tmp_path / "orders/odd.pkr.hcl").write_text('variable "tags" {\n      type = string\n}\n')
    told = ("orders/odd.pkr.hcl: fmt: is not formatted; run: packer fmt odd.pkr.hcl", False)
    assert found(tmp_path, "packer", tool("packer")) == [told]
