"""What a drift report says in the light of the earlier ones, on entries that a real ledger wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tasks.domain import wording
from tasks.domain.drift import DriftedObject
from tasks.domain.events import DriftReported, EnvironmentClaimed, UnitApplied
from tasks.domain.plan import Action, Change, Plan
from tasks.domain.release import Receipt, Target
from tasks.domain.rules import Suppression
from tasks.domain.values import MASK
from tasks.drift import RECONCILE, DriftReport, drifted_objects, last_report, unexplained
from tasks.drift.reports import event_of, judge, report_of, untried
from tasks.ledger.chain import Ledger
from tasks.ledger.store import Store

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LEVEL = {"data": {"LEVEL": "info"}}
CART = Suppression("dev", "cart", "Deployment/cart", "The load test scales it.", "2030-01-31", ("spec.replicas",))


def changed(before: Any, after: Any, address: str = "Deployment/cart", action: Action = Action.UPDATE) -> Change:
    return Change(address, "Deployment", action, before, after)


SCALED = changed({"spec": {"replicas": 1}}, {"spec": {"replicas": 3}})


class World:
    """Reports of dev, one an hour, as an environment's ledger keeps them."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(Store.open(str(folder)), actor="ada")
        self.suppressions: Sequence[Suppression] = ()
        self.now = NOON

    def report(self, *unanswered: str, **units: Sequence[Change]) -> DriftReport:
        """Compare these units; those in `unanswered` did not respond."""
        self.now += timedelta(hours=1)
        plans = [Plan(Target("a", "dev", unit), "helm", tuple(found), "", "") for unit, found in units.items()]
        drifted = tuple(item for plan in plans for item in drifted_objects.of(plan))
        whys = dict.fromkeys(unanswered, "no answer")
        remarks = {unit: (f"{unit} ignores a field", "for a reason") for unit in units}
        seen = DriftReport("dev", "a", self.now.isoformat(), tuple(units), drifted, whys, remarks=remarks)
        told = self.ledger.append(
            "dev", lambda state: event_of(judge(seen, state.drift, self.suppressions, self.now))
        )
        return report_of(told)

    def unexplained(self, *suppressions: Suppression) -> list[str]:
        return [item.address for item in unexplained(self.ledger.state("dev"), suppressions, self.now)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


# --- identity ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (SCALED, changed({"spec": {"replicas": 1}}, {"spec": {"replicas": 9}}), True),
        (changed({"a": 1, "b": 1}, {"a": 2, "b": 2}), changed({"b": 1, "a": 1}, {"b": 2, "a": 2}), True),
        (changed({"l": ["x"]}, {"l": ["y"]}), changed({"l": ["x"]}, {"l": ["z", "w"]}), True),
        (changed({"a": 1}, None, action=Action.DELETE), changed({"a": 7}, None, action=Action.DELETE), True),
        (SCALED, changed({"spec": {"replicas": 1, "paused": 0}}, {"spec": {"replicas": 3, "paused": 1}}), False),
        (SCALED, replace(SCALED, address="Deployment/orders"), False),
        (SCALED, replace(SCALED, kind="StatefulSet"), False),
        (SCALED, replace(SCALED, action=Action.DELETE), False),
    ],
)
def test_the_identity_of_drift_depends_on_what_differs_not_on_values(one: Change, other: Change, same: bool) -> None:
    assert (drifted_objects.identity("dev", "cart", one) == drifted_objects.identity("dev", "cart", other)) is same
    assert drifted_objects.identity("dev", "cart", one) != drifted_objects.identity("staging", "cart", one)
    assert drifted_objects.identity("dev", "cart", one) != drifted_objects.identity("dev", "orders", one)


def test_a_drifted_object_holds_expected_and_found_values_and_masks_stay(world: World) -> None:
    secret = changed({"password": MASK, "tags": {"Team": "a", "Name": "n"}}, {"password": "", "tags": {"Name": "n"}})
    (item,) = world.report(cart=[secret]).drifted
    assert item.attributes == ("password", "tags.Team")
    assert (item.expected, item.found) == ({"password": MASK, "tags.Team": "a"}, {"password": "", "tags.Team": None})


# --- since, new, recovered --------------------------------------------------------------------------------


def test_drift_is_new_in_its_first_report_only(world: World) -> None:
    first, second = world.report(cart=[SCALED]), world.report(cart=[SCALED])
    assert [item.new for item in first.drifted] == [True]
    assert [(item.new, item.since) for item in second.drifted] == [(False, first.drifted[0].since)]
    assert (len(first.alerting), len(second.alerting)) == (1, 0)


def test_drift_that_ended_and_came_back_is_new_again(world: World) -> None:
    first = world.report(cart=[SCALED])
    gone, quiet = world.report(cart=[]), world.report(cart=[])
    back = world.report(cart=[SCALED])
    assert [item.address for item in gone.recovered] == ["Deployment/cart"]
    assert quiet.recovered == ()
    assert back.drifted[0].new
    assert back.drifted[0].since > first.drifted[0].since


def test_drift_of_a_unit_that_did_not_respond_is_neither_recovered_nor_new(world: World) -> None:
    first = world.report(cart=[SCALED])
    silent = world.report("cart", orders=[])
    again = world.report(cart=[SCALED], orders=[])
    assert (silent.drifted, silent.recovered, dict(silent.unanswered)) == ((), (), {"cart": "no answer"})
    assert [(item.new, item.since) for item in again.drifted] == [(False, first.drifted[0].since)]


def test_an_object_that_drifts_in_another_way_is_new_and_has_not_recovered(world: World) -> None:
    world.report(cart=[SCALED])
    now = world.report(cart=[changed({"spec": {"image": "a"}}, {"spec": {"image": "b"}})])
    assert [item.new for item in now.drifted] == [True]
    assert now.recovered == ()


def test_without_a_report_there_is_none(world: World) -> None:
    assert last_report(world.ledger.state("dev")) is None
    assert world.unexplained() == []


# --- suppressed -------------------------------------------------------------------------------------------


def test_suppressed_drift_is_shown_with_its_end_and_does_not_alert(world: World) -> None:
    world.suppressions = [CART]
    report = world.report(cart=[SCALED])
    assert [(item.until, item.reason) for item in report.drifted] == [("2030-01-31", "The load test scales it.")]
    assert (report.open, report.alerting) == ((), ())
    assert world.report(cart=[]).recovered == ()


def test_when_a_suppression_ends_the_drift_alerts_once_with_its_true_age(world: World) -> None:
    world.suppressions = [CART]
    first = world.report(cart=[SCALED])
    world.now = datetime(2030, 2, 1, tzinfo=UTC)
    late, later = world.report(cart=[SCALED]), world.report(cart=[SCALED])
    assert [(item.new, item.since) for item in late.alerting] == [(True, first.drifted[0].since)]
    assert later.alerting == ()
    assert [idle.why for idle in later.idle] == ["expired on 2030-01-31"]


# --- what stands in the way of a promotion -----------------------------------------------------------------


def test_drift_is_unexplained_until_something_is_applied_to_its_unit_or_it_is_suppressed(world: World) -> None:
    world.report(cart=[SCALED], orders=[replace(SCALED, address="Deployment/orders")])
    assert world.unexplained() == ["Deployment/cart", "Deployment/orders"]
    assert world.unexplained(CART) == ["Deployment/orders"]
    assert world.unexplained(replace(CART, environment="staging")) == ["Deployment/cart", "Deployment/orders"]
    receipt = Receipt("", Target("a", "dev", "orders"), "", "", "", {}, "")
    world.ledger.append("dev", UnitApplied(unit="orders", release="a", receipt=receipt))
    assert world.unexplained() == ["Deployment/cart"]
    world.report(cart=[], orders=[])
    assert world.unexplained() == []


def test_what_an_engine_says_beside_the_drift_is_kept(world: World) -> None:
    world.report(cart=[])
    report = last_report(world.ledger.state("dev"))
    assert report is not None
    assert report.remarks == {"cart": ("cart ignores a field", "for a reason")}


def test_drift_of_a_unit_that_is_no_longer_compared_does_not_block_promotions(world: World) -> None:
    world.report(cart=[SCALED], orders=[])
    world.report(orders=[])
    assert world.unexplained() == []


def test_a_suppression_that_has_expired_explains_nothing(world: World) -> None:
    world.suppressions = [CART]
    world.report(cart=[SCALED])
    world.now = datetime(2030, 2, 1, tzinfo=UTC)
    assert world.unexplained(CART) == ["Deployment/cart"]


def test_drift_of_a_unit_that_did_not_respond_stays_unexplained(world: World) -> None:
    world.report(cart=[SCALED])
    world.report("cart")
    assert world.unexplained() == ["Deployment/cart"]


def test_a_reconcile_is_started_once_for_the_same_drift(world: World) -> None:
    def left(report: DriftReport) -> int:
        return len(untried(world.ledger.state("dev").drift, report.open))

    world.now = datetime.now(UTC) - timedelta(hours=2)
    assert left(world.report(cart=[SCALED])) == 1
    world.ledger.append("dev", EnvironmentClaimed(release="a", purpose=RECONCILE, holder={}))
    assert left(world.report(cart=[SCALED])) == 0
    world.report(cart=[])
    world.now = datetime.now(UTC)
    assert left(world.report(cart=[SCALED])) == 1


# --- in the history ---------------------------------------------------------------------------------------


FOUND = DriftedObject("cart", "Deployment/cart", "Deployment", "update", ())
NEW = replace(FOUND, new=True)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "no drift"),
        ({"drifted": (FOUND, FOUND)}, "drift: 2 objects"),
        ({"drifted": (NEW, replace(NEW, until="2030-01-31"))}, "drift: 2 objects, 1 new"),
        ({"unanswered": {"cart": "no answer"}}, "1 unit did not respond"),
        ({"drifted": (FOUND,), "unanswered": {"cart": "?"}}, "drift: 1 object; 1 unit did not respond"),
    ],
)
def test_the_history_never_says_no_drift_if_a_unit_did_not_respond(told: Mapping[str, Any], words: str) -> None:
    assert wording.happened(DriftReported(release="a", **told)) == ("", words)
