"""What of a plan's removals a release has created: told by address, by what an address is about, and after a move."""

from __future__ import annotations

from dataclasses import replace

from tasks.domain.plan import Action, Change, Plan, StateChange
from tasks.domain.release import Target

MOTD = Change("web : base : Greet", "template", Action.CREATE, thing="web: /etc/motd")
GONE = Change("web : Take files away (/etc/motd)", "file", Action.DELETE, thing="web: /etc/motd")


def plan(*changes: Change, **more: tuple[StateChange, ...]) -> Plan:
    return replace(Plan(Target("r", "dev", "web"), "any", changes, "", ""), **more)


def test_a_task_that_removes_what_another_task_made_removes_what_was_created() -> None:
    assert plan(GONE).removed_beyond(plan(MOTD).created) == ()


def test_what_was_changed_only_was_not_created() -> None:
    changed = replace(MOTD, action=Action.UPDATE)
    assert plan(GONE).removed_beyond(plan(changed).created) == ("web: /etc/motd",)


def test_the_same_path_on_another_host_is_another_file() -> None:
    elsewhere = replace(MOTD, address="db : base : Greet", thing="db: /etc/motd")
    assert plan(GONE).removed_beyond(plan(elsewhere).created) == ("web: /etc/motd",)


def test_an_object_without_another_name_goes_by_its_address() -> None:
    kept, made = Change("aws_vpc.kept", "aws_vpc", Action.REPLACE), Change("aws_vpc.made", "aws_vpc", Action.DELETE)
    assert plan(kept, made).removed_beyond({"aws_vpc.made"}) == ("aws_vpc.kept",)


def test_an_object_that_was_moved_goes_by_its_address_before() -> None:
    moved = StateChange(Action.MOVE, "aws_vpc.new", "aws_vpc.old")
    gone = Change("aws_vpc.new", "aws_vpc", Action.DELETE)
    assert plan(gone, state_changes=(moved,)).removed_beyond({"aws_vpc.old"}) == ()
