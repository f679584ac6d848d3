"""The real `terraform fmt` and `terraform test` as validators of a root, and tflint by what it prints."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.domain.platform import Validation
from tasks.engines import ENGINES, validation
from tests.platforms.terraform_roots import Root, planned

CODE = 'variable "colour" { default = "blue" }\noutput "colour" { value = var.colour }\n'
TEST = """
run "colour" {
  assert {
    condition     = output.colour == "red"
    error_message = "not red"
  }
}
run "again" {
  assert {
    condition     = output.colour == "blue"
    error_message = "not blue"
  }
}
"""
SARIF = {
    "runs": [
        {
            "results": [
                {
                    "ruleId": "terraform_unused_declarations",
                    "level": "warning",
                    "message": {"text": "variable x is declared but not used"},
                    "locations": [
                        {
                            "physicalLocation": {
                                "artifactLocation": {"uri": "main.tf"},
                                "region": {"startLine": 3},
                            }
                        }
                    ],
                }
            ]
        }
    ]
}


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def found(root: Root, files: dict[str, str], **validators: Validation) -> list[tuple[str, str, bool]]:
    """What the validators have against a root that was planned."""
    workspace = root.release(CODE)
    for name, text in files.items():
        (workspace.folder / name).parent.mkdir(exist_ok=True)
        (workspace.folder / name).write_text(text)
    planned(workspace)
    workspace = replace(workspace, unit=replace(workspace.unit, validators=validators))
    violations = validation.violations(workspace, ENGINES["terraform"].validators)
    return [(each.policy, each.message, each.denied) for each in violations]


def test_a_good_root_has_nothing_against_it(root: Root) -> None:
    assert found(root, {"tests/colour.tftest.hcl": TEST.replace('"red"', '"blue"').lstrip()}) == []


def test_a_file_that_is_not_formatted_is_a_warning(root: Root) -> None:
    told = "terraform/dev/first/odd.tf: fmt: is not formatted; run: terraform fmt"
    assert found(root, {"odd.tf": "locals {\n      x=1\n}\n"}) == [("fmt", told, False)]


@pytest.mark.parametrize("file", ["tests/colour.tftest.hcl", "colour.tftest.hcl"])
def test_a_test_that_fails_denies_the_plan_with_its_place_and_reason(root: Root, file: str) -> None:
    told = f"terraform/dev/first/{file}:4: colour: Test assertion failed: not red"
    assert ("test", told, True) in found(root, {file: TEST})


def test_a_test_can_be_ignored_by_the_name_of_its_run(root: Root) -> None:
    ignoring = Validation(ignore={"colour": "the colour is decided next week"})
    assert not [each for each in found(root, {"a.tftest.hcl": TEST}, test=ignoring) if each[0] == "test"]


def test_tflint_warns_with_file_line_and_rule(root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "tflint"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(SARIF)}\nEND\nexit 2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    told = "terraform/dev/first/main.tf:3: terraform_unused_declarations: variable x is declared but not used"
    assert found(root, {}) == [("tflint", told, False)]
