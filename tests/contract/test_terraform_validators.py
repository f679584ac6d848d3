"""The real `terraform fmt` and `terraform test` as validators of a root, and tflint by what it prints."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.domain.errors import Refused
from tasks.domain.platform import Unit, Validation
from tasks.engines import ENGINES, validation
from tasks.engines.base import Workspace
from tasks.engines.terraform.validators import formatting
from tests.platforms.terraform_roots import EXECUTABLE, Root, planned

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


ODD = "locals {\n      x=1\n}\n"


def units(root: Root, files: dict[str, str]) -> dict[str, Workspace]:
    """Workspaces of one checkout with these files, by the units' folders, which are worked on at once."""
    first = root.release(CODE)
    for name, text in files.items():
        (first.infrastructure / name).parent.mkdir(parents=True, exist_ok=True)
        (first.infrastructure / name).write_text(text)
    binary = root.folder / "counted"
    binary.write_text(f'#!/bin/sh\necho "$1" >>{root.folder}/commands\nexec {shutil.which(EXECUTABLE)} "$@"\n')
    binary.chmod(0o755)
    folders = sorted({name.partition("/")[0] for name in files})
    made = [replace(first.unit, name=folder, source=folder) for folder in folders]
    return {
        unit.source: replace(
            first,
            unit=unit,
            executable=str(binary),
            together=lambda unit=unit: [each for each in made if each != unit],
        )
        for unit in made
    }


def test_all_units_that_are_worked_on_at_once_are_asked_about_by_one_process(root: Root) -> None:
    workspaces = units(root, {"a/main.tf": ODD, "a/inner/x.tf": ODD, "ab/main.tf": CODE, "c/main.tf": ODD})
    linked = workspaces["ab"].infrastructure / "linked"
    linked.mkdir()
    (linked / "main.tf").write_text(ODD)
    (workspaces["ab"].infrastructure / "ab/link.tf").symlink_to("../linked/main.tf")
    told = {folder: [each.file for each in formatting(workspace)] for folder, workspace in workspaces.items()}
    assert told == {"a": ["a/inner/x.tf", "a/main.tf"], "ab": ["linked/main.tf"], "c": ["c/main.tf"]}
    assert (root.folder / "commands").read_text().split() == ["fmt"]


def test_only_the_first_unit_asks_which_units_are_worked_on_at_once(root: Root) -> None:
    asked: list[str] = []

    def noted(workspace: Workspace) -> Sequence[Unit]:
        asked.append(workspace.unit.name)
        return workspace.together()

    for workspace in units(root, {"a/main.tf": ODD, "b/main.tf": ODD, "c/main.tf": ODD}).values():
        list(formatting(replace(workspace, together=lambda workspace=workspace: noted(workspace))))
    assert asked == ["a"]


def test_a_file_that_cannot_be_read_is_told_of_its_own_unit_alone(root: Root) -> None:
    workspaces = units(root, {"a/main.tf": ODD, "b/main.tf": "locals {\n"})
    assert [each.file for each in formatting(workspaces["a"])] == ["a/main.tf"]
    with pytest.raises(Refused, match="it came to no result"):
        list(formatting(workspaces["b"]))


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
