"""Rollbacks over changes of the state alone: undone as such, or refused before anything is lost; told beforehand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.domain.errors import Refused
from tasks.domain.plan import Action, Plan, Reversibility
from tasks.engines.terraform.engine import Terraform
from tests.platforms.terraform_roots import Root, planned, receipt

KEPT = 'resource "terraform_data" "kept" { input = "x" }\n'
WALL = 'resource "terraform_data" "wall" { input = "blue" }\n'
PAINT = 'resource "terraform_data" "paint" { input = "blue" }\n'
ROOMS = """
resource "terraform_data" "paint" {{
  for_each = toset([{keys}])
  input    = "blue"
}}
"""
OLDER = "moved {\n  from = terraform_data.oldest\n  to   = terraform_data.paint\n}\n"


def moved(origin: str, to: str) -> str:
    return f"moved {{\n  from = {origin}\n  to   = {to}\n}}\n"


def imported(to: str, identity: str = "by-hand") -> str:
    return f'import {{\n  to = {to}\n  id = "{identity}"\n}}\n'


def removed(origin: str, destroy: str = "false") -> str:
    return f"removed {{\n  from = {origin}\n  lifecycle {{ destroy = {destroy} }}\n}}\n"


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


class Story:
    """One release is applied and verified, another is applied and fails: what then?"""

    def __init__(self, root: Root, before: str, after: str) -> None:
        self.root = root
        self.before = root.release(before)
        Terraform(self.before).apply(planned(self.before))
        self.held = root.state["resources"]
        self.failed = replace(root.release(after), receipt=receipt(self.before))
        self.forward = planned(self.failed)
        Terraform(self.failed).apply(self.forward)

    def rollback(self) -> Plan:
        failed = replace(self.failed, state_changes=self.forward.state_changes)
        plan = Terraform(self.before).plan_rollback(failed, receipt(self.before))
        assert plan is not None
        return plan

    def rolled_back(self) -> Plan:
        plan = self.rollback()
        Terraform(self.before).apply(plan)
        assert Terraform(self.before).verify().differences == ()
        return plan


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(PAINT, WALL + moved("terraform_data.paint", "terraform_data.wall"), id="renamed"),
        pytest.param(
            PAINT + OLDER, WALL + OLDER + moved("terraform_data.paint", "terraform_data.wall"), id="renamed twice"
        ),
        pytest.param(
            ROOMS.format(keys='"a", "b"'),
            ROOMS.format(keys='"a", "c"') + moved('terraform_data.paint["b"]', 'terraform_data.paint["c"]'),
            id="another key",
        ),
        pytest.param(PAINT, PAINT.replace("{ ", "{\n count = 1\n ").replace(" }", "\n}"), id="made countable"),
    ],
)
def test_what_was_moved_is_moved_back_and_nothing_is_lost(root: Root, before: str, after: str) -> None:
    story = Story(root, before, after)
    assert [change.action for change in story.forward.changes] == [Action.MOVE]
    assert story.forward.reversibility is Reversibility.NEEDS_CARE
    assert any(warning.startswith("a rollback moves these back: ") for warning in story.forward.warnings)
    plan = story.rolled_back()
    assert plan.removed == plan.created == frozenset()
    assert root.state["resources"] == story.held


def test_what_was_moved_into_a_module_is_moved_back(root: Root) -> None:
    before, after = (
        root.release(PAINT),
        root.release(
            'module "room" {\n  source = "./room"\n}\n'
            + moved("terraform_data.paint", "module.room.terraform_data.wall")
        ),
    )
    (after.folder / "room").mkdir()
    (after.folder / "room" / "main.tf").write_text(WALL)
    Terraform(before).apply(planned(before))
    held = root.state["resources"]
    forward = planned(after)
    Terraform(after).apply(forward)
    failed = replace(after, state_changes=forward.state_changes)
    plan = Terraform(before).plan_rollback(failed, receipt(before))
    assert plan is not None
    Terraform(before).apply(plan)
    assert root.state["resources"] == held


def test_what_was_imported_stays_and_is_not_managed_any_more(root: Root) -> None:
    story = Story(root, KEPT, KEPT + PAINT + imported("terraform_data.paint"))
    assert any("leaves it as it is" in warning for warning in story.forward.warnings)
    plan = story.rolled_back()
    assert [(change.address, change.action) for change in plan.changes] == [("terraform_data.paint", Action.FORGET)]
    assert root.state["resources"] == story.held


def test_an_imported_instance_cannot_be_forgotten_so_its_rollback_would_delete_it_and_says_so(root: Root) -> None:
    after = ROOMS.format(keys='"a", "b"') + imported('terraform_data.paint["b"]')
    story = Story(root, ROOMS.format(keys='"a"'), after)
    told = 'a rollback would delete what was imported, so it stops for a person: terraform_data.paint["b"]'
    assert told in story.forward.warnings
    assert 'terraform_data.paint["b"]' in story.rollback().removed - story.forward.created


def test_what_is_imported_first_of_all_is_told(root: Root) -> None:
    plan = planned(root.release(PAINT + imported("terraform_data.paint")))
    told = "a rollback would delete what was imported, so it stops for a person: terraform_data.paint"
    assert told in plan.warnings


def test_what_was_forgotten_is_imported_again(root: Root) -> None:
    story = Story(root, KEPT + PAINT, KEPT + removed("terraform_data.paint"))
    before = next(item for item in story.held if item["name"] == "paint")["instances"][0]["attributes"]["id"]
    assert "a rollback imports these again by their id: terraform_data.paint" in story.forward.warnings
    plan = story.rolled_back()
    assert plan.created == plan.removed == frozenset()
    after = next(item for item in root.state["resources"] if item["name"] == "paint")
    assert after["instances"][0]["attributes"]["id"] == before


def test_what_was_forgotten_without_a_known_id_is_not_created_a_second_time(root: Root) -> None:
    story = Story(root, KEPT + PAINT, KEPT + removed("terraform_data.paint"))
    story.forward = replace(
        story.forward, state_changes=tuple(replace(each, identity="") for each in story.forward.state_changes)
    )
    with pytest.raises(Refused, match=r"would create what exists .*: terraform_data.paint; import it"):
        story.rollback()


def test_what_was_removed_and_destroyed_is_created_anew_and_told(root: Root) -> None:
    story = Story(root, KEPT + PAINT, KEPT + removed("terraform_data.paint", "true"))
    assert "a rollback creates these anew, without what they hold: terraform_data.paint" in story.forward.warnings
    assert story.rolled_back().created == {"terraform_data.paint"}


def test_what_no_rollback_can_remove_is_told_at_the_first_plan(root: Root) -> None:
    code = 'resource "terraform_data" "paint" {\n  lifecycle { prevent_destroy = true }\n}\n'
    plan = planned(root.release(KEPT + code))
    told = "a rollback cannot remove these (prevent_destroy), so it stops for a person: terraform_data.paint"
    assert plan.warnings == (told,)


def test_what_is_created_before_it_is_destroyed_is_replaced_back(root: Root) -> None:
    code = (
        'resource "terraform_data" "paint" {{\n  input = "x"\n  triggers_replace = "{}"\n'
        "  lifecycle {{ create_before_destroy = true }}\n}}\n"
    )
    story = Story(root, code.format("blue"), code.format("green"))
    plan = story.rolled_back()
    assert plan.removed <= story.forward.created
    assert root.state["resources"][0]["instances"][0]["attributes"]["triggers_replace"]["value"] == "blue"
