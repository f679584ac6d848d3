"""Every kind of plan: the same counts on every screen, no secret on any, and none that ends in a crash.

The documents are in terraform/plans (recorded from Terraform and OpenTofu) and in terraform/plans.yaml.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployments.cli import plans_shown
from tasks import yaml12
from tasks.domain import records, wording
from tasks.domain.errors import Refused
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Plan
from tasks.domain.release import Inputs
from tasks.engines.terraform import reading
from tasks.github import plans as comments
from tasks.github.reported import EnvironmentReport, UnitReport
from tasks.reports import artifacts
from tests.platforms.terraform_roots import Root

FOLDER = Path(__file__).parent / "terraform"
CASES: Mapping[str, Any] = yaml12.load((FOLDER / "plans.yaml").read_text())
HIDDEN = ("hidden", "8472519")
"""What every secret of these plans holds."""
HEAD = comments.Head("0" * 40, "release", "")
MOST = ["table", "page", "comment", "json"]
"""The screens on which everything is said that is no change; the tool's own text has the changes alone."""


def documents() -> Iterator[Any]:
    """(what is expected, the document) of each case; the recorded ones also as older tools write them."""
    for file in sorted((FOLDER / "plans").iterdir()):
        for line in file.read_text().splitlines():
            recorded = json.loads(line)
            expected, plan = CASES["recorded"][recorded["name"]], recorded["plan"]
            older = {key: value for key, value in plan.items() if key not in ("applyable", "complete", "errored")}
            yield pytest.param(expected, plan, id=f"{file.stem}-{recorded['name']}")
            yield pytest.param(expected, older, id=f"{file.stem}-{recorded['name']}-without-applyable")
    for name, case in CASES["written"].items():
        yield pytest.param(case, whole(case["plan"]), id=name)


def whole(plan: Any) -> Any:
    """A document with what every one has."""
    return {"format_version": "1.2", "terraform_version": "1.14.0", **plan} if isinstance(plan, Mapping) else plan


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def read(root: Root, document: Any) -> Plan:
    """The plan of a unit that terraform answers with this document."""
    workspace = replace(root.release(""), secret_key=lambda: b"key")
    found = reading.document(json.dumps(document))
    return reading.plan_of(found, workspace, Inputs(), "a/1")


def screens(plan: Plan, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What a person or a program is shown of a plan, in each place."""
    plans_shown.show("first", plan)
    shown = capsys.readouterr().out
    reports = [EnvironmentReport("dev", (UnitReport("first", Outcome.SUCCEEDED, plan),))]
    return {
        "table": shown,
        "page": artifacts.plan(plan).text,
        "comment": comments.comment(HEAD, reports),
        "json": json.dumps(records.encode(plans_shown.documents({"first": plan}))),
        "text": plan.text,
    }


@pytest.mark.parametrize(("expected", "document"), [*documents()])
def test_a_plan_is_told_alike_everywhere_and_without_secrets(
    expected: Mapping[str, Any], document: Any, root: Root, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = read(root, document)
    assert wording.counts(plan) == expected["told"]
    assert plan.reversibility.value == expected.get("care", "reversible")
    assert plan.empty == (expected["told"] == "no changes")
    seen = screens(plan, capsys)
    for screen, said in seen.items():
        assert not [word for word in HIDDEN if word in said], screen
    for remark in expected.get("remarks", ()):
        assert [screen for screen, said in seen.items() if remark in " ".join(said.split())] == MOST
    counted = {name: number for name, number in plan.counts.items() if number}
    assert {n: c for n, c in plans_shown.documents({"u": plan})["u"]["counts"].items() if c} == counted
    assert all(change.address in seen["json"].replace('\\"', '"') for change in plan.changes)


@pytest.mark.parametrize("case", CASES["refused"].values(), ids=CASES["refused"].keys())
def test_what_is_no_plan_is_refused_with_the_reason(case: Mapping[str, Any], root: Root) -> None:
    with pytest.raises(Refused, match=case["why"]):
        read(root, whole(case["plan"]))


def test_both_tools_were_made_to_plan_every_case() -> None:
    for file in (FOLDER / "plans").iterdir():
        assert {json.loads(line)["name"] for line in file.read_text().splitlines()} == {*CASES["recorded"]}
