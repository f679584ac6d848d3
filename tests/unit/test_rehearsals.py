"""Rehearsed rollbacks as the ledger knows them, and as they are shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from tasks.documentation import sections
from tasks.documentation.facts import EnvironmentFacts
from tasks.domain.errors import Refused
from tasks.domain.events import RollbackRehearsed
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Plan
from tasks.domain.platform import Environment, Platform, Rehearsal
from tasks.domain.rehearsal import RehearsedUnit, UnitResult
from tasks.domain.release import Target
from tasks.github import plans
from tasks.github.reported import EnvironmentReport, UnitReport
from tasks.ledger import rehearsals
from tasks.ledger.chain import Ledger
from tasks.ledger.state import EnvironmentState, RecordedRehearsal
from tasks.notifications import notifications
from tasks.promotion.rehearsal_results import Watching
from tasks.promotion.reporter import Silent
from tasks.reports import artifacts
from tasks.reports.board import board
from tests.doubles.memory_store import MemoryStore
from tests.unit.test_github_text import HEAD

SUCCEEDED = RollbackRehearsed(
    release="b",
    release_digest="b1",
    earlier="a",
    earlier_digest="a1",
    rehearsed_in="scratch",
    outcome=Outcome.SUCCEEDED,
    units=(
        RehearsedUnit("network", UnitResult.ROLLED_BACK),
        RehearsedUnit("mail", UnitResult.UNCHANGED),
        RehearsedUnit("orders", UnitResult.IRREVERSIBLE, "deletes table"),
        RehearsedUnit("search", UnitResult.NOT_REHEARSED, "scratch does not have it"),
    ),
)
FAILED = replace(SUCCEEDED, outcome=Outcome.FAILED, why="rolling back: quota exceeded\nmore", units=())
AT = "2026-11-26T14:02:31+00:00"
WORKED = (
    "rehearsed 2026-11-26 14:02 UTC in scratch: the rollback from b to a worked for 2 of 4 units; "
    "orders: irreversible (deletes table); search: not rehearsed (scratch does not have it)"
)


def state(*events: RollbackRehearsed) -> EnvironmentState:
    """dev after these rehearsals."""
    ledger = Ledger(MemoryStore(), "ada")
    for event in events:
        ledger.append("dev", event)
    return ledger.state("dev")


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (SUCCEEDED, WORKED),
        (replace(SUCCEEDED, units=SUCCEEDED.units[:2]), f"{WORKED.partition(' worked')[0]} worked for all 2 units"),
        (replace(SUCCEEDED, units=SUCCEEDED.units[:1]), f"{WORKED.partition(' worked')[0]} worked for 1 unit"),
        (FAILED, f"rehearsal FAILED{WORKED[9:].partition(' worked')[0]}: rolling back: quota exceeded"),
    ],
)
def test_a_rehearsal_is_a_sentence(event: RollbackRehearsed, told: str) -> None:
    assert rehearsals.sentence(RecordedRehearsal(AT, event)) == told


def test_the_newest_rehearsal_of_two_releases_counts() -> None:
    found = state(SUCCEEDED, replace(SUCCEEDED, earlier="0"), FAILED)
    evidence = rehearsals.evidence(found, "b", "a")
    assert evidence is not None
    assert evidence.event == FAILED
    assert [each.event.earlier for each in found.rehearsals] == ["0", "a"]
    assert rehearsals.evidence(found, "a", "b") is None


def test_a_state_knows_the_rehearsals_of_the_last_twenty_pairs() -> None:
    found = state(*(replace(SUCCEEDED, release=f"r{number}") for number in range(25)))
    assert [each.event.release for each in found.rehearsals] == [f"r{number}" for number in range(5, 25)]


@pytest.mark.parametrize(
    ("release", "purpose", "shown"),
    [("b", "promote", True), ("b", "reconcile", False), ("c", "promote", False), ("a", "roll back", False)],
)
def test_before_a_promotion_the_way_back_to_what_is_there_counts(release: str, purpose: str, shown: bool) -> None:
    found = replace(state(SUCCEEDED), verified="a")
    assert (rehearsals.before_decision(found, release, purpose) is not None) is shown


def test_no_plan_is_noted_after_a_step_that_raises() -> None:
    watching = Watching(Silent())
    with pytest.raises(Refused), watching.noting():
        raise Refused("denied")
    watching.planned(Plan(Target("b", "scratch", "network"), "fake", (), "", ""))
    assert watching.plans == {}


def test_before_a_rollback_the_way_from_what_is_there_counts() -> None:
    found = replace(state(SUCCEEDED), verified="b")
    assert rehearsals.before_decision(found, "a", "roll back") is not None
    assert rehearsals.before_decision(found, "0", "roll back") is None


def test_the_page_of_a_rehearsal_says_what_became_of_each_unit() -> None:
    page = artifacts.rehearsal("dev", RecordedRehearsal(AT, SUCCEEDED))
    assert page.key == artifacts.key("rehearsal", "dev")
    assert "| orders | irreversible | deletes table |" in page.text
    assert "quota exceeded\nmore" in artifacts.rehearsal("dev", RecordedRehearsal(AT, FAILED)).text


def test_a_rehearsal_that_failed_is_notified_with_the_reason() -> None:
    told = notifications.rehearsal_failed("dev", "b", "a", FAILED.why, "http://prefect.example/runs/1")
    assert told.title == "dev: the rehearsed rollback from b to a FAILED"
    assert told.text.startswith("rolling back: quota exceeded")


def test_a_pull_request_shows_the_evidence_beside_the_verdict_of_the_gate() -> None:
    unit = UnitReport("network", Outcome.SUCCEEDED, why="is planned once")
    report = EnvironmentReport("dev", (unit,), gate="waits for an approval", rehearsal=WORKED)
    assert f"Rollback: `{WORKED}`." in plans.comment(HEAD, [report])


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        (Environment("dev"), "| rollbacks are rehearsed | nowhere |"),
        (
            Environment("dev", rehearsal=Rehearsal("scratch", 86400.0), rehearsed_within=7200.0),
            "| rollbacks are rehearsed | in scratch, every 1 d; a release needs one not older than 2 h |",
        ),
    ],
)
def test_the_documentation_says_where_rollbacks_are_rehearsed(declared: Environment, told: str) -> None:
    (column,) = board(Platform("shop", (declared,), ()), {}, datetime.fromisoformat(AT)).columns
    facts = EnvironmentFacts(declared, column, rollback="a", rehearsal=WORKED)
    about = sections.about_environment(facts, sections.Linked(str, str))
    assert told in about
    assert "Evidence: rehearsed" in sections.rollback_of(facts)
