"""Changes and entries in words for people."""

from dataclasses import replace
from typing import Any

import pytest

from tasks.domain import wording
from tasks.domain.events import ClaimClosed, Event, ReleaseVerified, UnitPlanned, UnitRolledBack, UnitSmoked
from tasks.domain.outcome import Outcome
from tasks.domain.plan import SINCE_IMPORT, Action, Change, Plan, Reversibility
from tasks.domain.release import Receipt, Target


def change(before: dict[str, Any] | None, after: dict[str, Any] | None, action: Action = Action.UPDATE) -> Change:
    return Change("aws_vpc.this", "aws_vpc", action, before, after)


def plan(*changes: Change, **more: Any) -> Plan:
    return Plan(Target("a", "dev", "networking"), "terraform", changes, "", "", **more)


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"size": 1}, {"size": 2}, ("size: 1 -> 2",)),
        ({"name": "a"}, {"name": None}, ("name: a -> (not set)",)),
        ({"tags": {"Team": "a", "Name": "n"}}, {"tags": {"Team": "b", "Name": "n"}}, ("tags.Team: a -> b",)),
        ({"tags": {}}, {"tags": {"Team": "b"}}, ("tags.Team: (not set) -> b",)),
        ({"zones": ["a", "b"]}, {"zones": ["b", "c"]}, ("zones: removed a", "zones: added c")),
        (
            {"ingress": []},
            {"ingress": [{"from_port": 22, "cidr_blocks": ["0.0.0.0/0"], "self": False, "description": ""}]},
            ("ingress: added {from_port = 22, cidr_blocks = [0.0.0.0/0]}",),
        ),
        (
            {"tags": {"a": "1"}, "tags_all": {"a": "1"}},
            {"tags": {"a": "2"}, "tags_all": {"a": "2"}},
            ("tags.a: 1 -> 2",),
        ),
        ({"tags_all": {"a": "1"}}, {"tags_all": {"a": "2"}}, ("tags_all.a: 1 -> 2",)),
    ],
)
def test_each_difference_is_a_line(before: dict[str, Any], after: dict[str, Any], lines: tuple[str, ...]) -> None:
    assert wording.differences(change(before, after)) == lines


def test_drift_names_the_object_and_what_was_done_to_it() -> None:
    drifted = change({"id": "vpc-1", "size": 1}, {"id": "vpc-1", "size": 2})
    assert wording.drift(drifted) == ("aws_vpc.this (vpc-1) was changed by hand", "size: 1 -> 2")


def test_what_was_imported_as_it_was_is_nobodys_doing() -> None:
    found = replace(change({"size": 1}, {"size": 2}), note=SINCE_IMPORT)
    assert wording.drift(found) == ("aws_vpc.this differs from the code since it was imported", "size: 1 -> 2")


def test_something_that_is_gone_was_deleted() -> None:
    gone = change({"id": "vpc-1"}, None, Action.DELETE)
    assert wording.drift(gone) == ("aws_vpc.this (vpc-1) was deleted by hand",)


def test_counts_name_only_what_there_is() -> None:
    made = plan(change(None, {}, Action.CREATE), change(None, {}, Action.CREATE), change({}, {}))
    assert wording.counts(made) == "2 to create, 1 to change"
    assert wording.counts(plan()) == "no changes"
    assert wording.counts(plan(changes_outputs=True)) == "outputs only"


def test_what_cannot_simply_be_undone_is_said() -> None:
    lost = plan(change({}, None, Action.DELETE), reversibility=Reversibility.IRREVERSIBLE)
    assert wording.planned(lost) == "1 to delete (irreversible)"


KEPT = Receipt("", Target("a", "dev", "x"), "", "", "", {}, "")


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            UnitPlanned(unit="database", release="a", counts={"create": 2, "delete": 0}),
            ("database", "planned: 2 to create"),
        ),
        (UnitPlanned(unit="database", release="a", counts={}), ("database", "planned: no changes")),
        (
            UnitPlanned(unit="database", release="a", counts={}, changes_outputs=True),
            ("database", "planned: outputs only"),
        ),
        (ClaimClosed(outcome="succeeded"), ("", "ended: succeeded")),
        (ClaimClosed(outcome="failed", detail="no syntax\nline 2"), ("", "ended: failed: no syntax")),
        (
            UnitSmoked(unit="x", release="a", outcome=Outcome.SUCCEEDED, results=()),
            ("x", "no smoke checks are declared"),
        ),
        (ReleaseVerified(release="a"), ("", "VERIFIED a")),
        (UnitRolledBack(unit="x", release="b", receipt=None), ("x", "removed, it did not exist before")),
        (UnitRolledBack(unit="x", release="b", receipt=KEPT), ("x", "rolled back to a")),
        (UnitRolledBack(unit="x", release="b", receipt=KEPT, kept="stateful"), ("x", "kept: stateful")),
    ],
)
def test_events_are_described_in_a_few_words(event: Event, words: tuple[str, str]) -> None:
    assert wording.happened(event) == words


@pytest.mark.parametrize(("how_many", "said"), [(0, "0 checks"), (1, "1 check"), (2, "2 checks")])
def test_a_number_of_things_has_an_s_only_where_it_needs_one(how_many: int, said: str) -> None:
    assert wording.number(how_many, "check") == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (90, "90 s"), (1800, "30 min"), (7200, "2 h"), (86400, "1 d"), (5400, "90 min")]
)
def test_a_length_of_time_is_in_its_largest_whole_unit(seconds: float, said: str) -> None:
    assert wording.length(seconds) == said
