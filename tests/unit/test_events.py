"""Events: written and read back whole, or refused with the reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasks.domain import events, wording
from tasks.domain.analysis import Rating, Verdict, Window
from tasks.domain.drift import DriftedObject, Idle
from tasks.domain.errors import UnreadableRecord
from tasks.domain.events import Event
from tasks.domain.outcome import CheckResult, Outcome, Progress
from tasks.domain.plan import Action, Change, StateChange
from tasks.domain.rehearsal import RehearsedUnit, UnitResult
from tasks.domain.release import Baseline, Provenance, Receipt, Target
from tasks.domain.rules import Violation

OF_UNIT = {"unit": "orders", "release": "a"}
RECEIPT = Receipt("", Target("a", "dev", "orders"), "u", "i", "p", {"address": "10.0.0.1", "ports": [1, 2]}, "")
CHECK = CheckResult("health", "http", Outcome.SUCCEEDED, "200", "200", 2, 0.5)
CHANGE = Change("aws_vpc.this", "aws_vpc", Action.UPDATE, {"a": None}, {"a": 1}, ("a",))
DRIFTED = DriftedObject("orders", "Deployment/orders", "Deployment", "update", ("changed",), ("spec",), {"spec": 1})
DECISION = {"release": "a", "plan_set": "d", "by": "ben", "how": "command line", "identity": "host", "reason": ""}

WINDOW = Window("errors", "2030-01-01T00:00:00+00:00", "2030-01-01T00:05:00+00:00", Rating.BAD, 0.08, "above 0.05")

EXAMPLES: tuple[Event, ...] = (
    events.AnalysisEnded(**OF_UNIT, verdict=Verdict.FAILED, why="dev/orders: analysis failed", windows=(WINDOW,)),
    events.EnvironmentPaused(
        release="a", units=("orders",), why="no data", doubtful=False, until="2030-01-01T00:00:00+00:00"
    ),
    events.AnalysesOmitted(release="a", units=("orders", ""), why="FLOWMART_PROMETHEUS=none"),
    events.EnvironmentContinued(release="a", reason="the server was away"),
    events.IncidentAccepted(release="a", why="errors are bad", reason="this repairs it"),
    events.EnvironmentClaimed(release="a", purpose="promote", holder={"pid": 1}, provenance=Provenance("c")),
    events.UnitsOmitted(release="a", why="FLOWMART_OPENSEARCH=none", units=("logs",)),
    events.FixDeclared(release="b", fixes="a"),
    events.ClaimTakenOver(holder={"pid": 2}, run_is_over=True),
    events.ClaimClosed(outcome="succeeded"),
    events.UnitPlanned(**OF_UNIT, counts={"create": 2}, digest="d"),
    events.PlanDenied(**OF_UNIT, findings=(Violation("tags", "no tag", "aws_vpc.this"),)),
    events.ApprovalRequested(
        release="a",
        plan_set="d",
        units={"orders": "1 to create"},
        author="Anna",
        expires="2030-01-01T00:00:00+00:00",
        approvers=("ben",),
        identity="any",
        purpose="promote",
    ),
    events.PlanSetApproved(**DECISION),
    events.PlanSetRefused(**DECISION),
    events.EnvironmentFrozen(reason="sale", until=None),
    events.EnvironmentThawed(reason="over"),
    events.ClosureOverridden(release="a", why="frozen", reason="security fix"),
    events.DriftAccepted(release="a", objects=("orders: Deployment/orders",), reason="test"),
    events.UnitApplying(
        **OF_UNIT,
        plan="p",
        creates=("aws_vpc.this",),
        baseline=Baseline("serial 12", {"serial": 12}),
        state_changes=(StateChange(Action.MOVE, "aws_vpc.this", "aws_vpc.that"),),
    ),
    events.UnitApplied(**OF_UNIT, receipt=RECEIPT),
    events.UnitApplyFailed(**OF_UNIT, detail="no\nbecause"),
    events.UnitUnanswered(**OF_UNIT, detail="connection reset"),
    events.UnitObserved(**OF_UNIT, progress=Progress.PARTIAL, detail="1 of 2"),
    events.UnitSmoked(**OF_UNIT, outcome=Outcome.SUCCEEDED, results=(CHECK,)),
    events.UnitSettled(**OF_UNIT, residual=(CHANGE,)),
    events.UnitAdopted(**OF_UNIT, baseline=Baseline("revision 3"), counts={"update": 1}),
    events.UnitRolledBack(**OF_UNIT, receipt=None),
    events.UnitRollbackFailed(**OF_UNIT, why="no"),
    events.ReleaseVerified(release="a", rules={"gate": "approval"}),
    events.EnvironmentInterrupted(release="a", units=("orders",), why="no answer"),
    events.EnvironmentRollingBack(release="a", why="smoke"),
    events.EnvironmentRestored(release="a"),
    events.ReleaseRejected(release="a", why="smoke"),
    events.EnvironmentResolved(reason="repaired"),
    events.DriftReported(release="a", units=("orders",), drifted=(DRIFTED,), idle=(Idle("orders", "*", "r", "w"),)),
    events.RollbackRehearsed(
        release="a",
        release_digest="a1",
        earlier="b",
        earlier_digest="b1",
        rehearsed_in="scratch",
        outcome=Outcome.SUCCEEDED,
        units=(RehearsedUnit("orders", UnitResult.IRREVERSIBLE, "deletes table"),),
    ),
)


def written(event: Event) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(json.dumps(events.encode(event)))
    return content


def test_there_is_an_example_of_every_kind() -> None:
    assert {event.kind for event in EXAMPLES} == {*events.KINDS}


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.kind)
def test_an_event_is_read_as_it_was_written(event: Event) -> None:
    assert events.decode(event.kind, event.version, written(event)) == event


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.kind)
def test_every_event_has_words(event: Event) -> None:
    unit, words = wording.happened(event)
    assert unit == ("orders" if isinstance(event, events.UnitEvent) else "")
    assert words


APPLIED = written(events.UnitApplied(**OF_UNIT, receipt=RECEIPT))
CHECKED = written(events.UnitSmoked(**OF_UNIT, outcome=Outcome.SUCCEEDED, results=(CHECK,)))
STALE = {key: value for key, value in APPLIED["receipt"].items() if key != "at"}


@pytest.mark.parametrize(
    ("kind", "version", "body", "message"),
    [
        ("of_the_future", 1, {}, "dev/7 (of_the_future): unknown kind of entry"),
        ("thawed", 2, {"reason": ""}, "dev/7 (thawed): version 2 is unknown"),
        ("thawed", 1, {}, "dev/7 (thawed): field reason is missing"),
        ("thawed", 1, {"reason": "", "by": "ben"}, "dev/7 (thawed): field by is unknown"),
        ("thawed", 1, {"reason": 5}, "dev/7 (thawed).reason: 5 is not str"),
        ("thawed", 1, ["reason"], "dev/7 (thawed): ['reason'] is not an object"),
        ("applied", 1, {**APPLIED, "receipt": STALE}, "dev/7 (applied).receipt: field at is missing"),
        ("smoked", 1, {**CHECKED, "outcome": "fine"}, "dev/7 (smoked).outcome: fine is not one of succeeded, failed"),
        ("smoked", 1, {**CHECKED, "results": {}}, "dev/7 (smoked).results: {} is not a list"),
        ("taken_over", 1, {"holder": [], "run_is_over": True}, "dev/7 (taken_over).holder: [] is not an object"),
        ("taken_over", 1, {"holder": {}, "run_is_over": 1}, "dev/7 (taken_over).run_is_over: 1 is not bool"),
    ],
)
def test_what_another_version_wrote_is_named(kind: str, version: int, body: Any, message: str) -> None:
    with pytest.raises(UnreadableRecord) as caught:
        events.decode(kind, version, body, "dev/7")
    assert str(caught.value).startswith(message)
    assert str(caught.value).endswith("written by another version of flowmart")


def test_a_value_that_json_does_not_have_is_kept_as_text() -> None:
    from datetime import date

    receipt = Receipt("", Target("a", "dev", "orders"), "u", "i", "p", {"day": date(2030, 1, 2)}, "")
    assert written(events.UnitApplied(**OF_UNIT, receipt=receipt))["receipt"]["outputs"] == {"day": "2030-01-02"}
