"""Evidence of a rehearsed rollback: shown before an approval, and wanted by the gate where that is declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deployments.cli import screen
from tasks.domain.errors import FlowmartError, Refused
from tasks.domain.platform import Approval
from tasks.metrics.exporter import Exporter, text
from tasks.promotion import approval_requests, approvals, operations
from tasks.promotion.approval_requests import Request
from tasks.promotion.approvals import Approver
from tasks.promotion.planning import PlanSet
from tasks.reports import artifacts
from tasks.reports.board_notices import NOWHERE, Kind, asked, notices
from tests.doubles.memory_store import MemoryStore
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import environment, rejected
from tests.unit.promotion.test_rehearsal import rehearse, rehearsing, units

WORKED = "rehearsed 2030-01-07 12:00 UTC in scratch: the rollback from red to green worked for all 3 units"
NEVER = "no rollback between these releases was rehearsed"
DAY = 86400.0
BEN = Approver("ben", "command line", "host")


def shop_with(folder: Path, **more: Any) -> Shop:
    """Blue, then green, are in dev, whose rules are `more`; red is to come."""
    shop = rehearsing(Shop(folder, MemoryStore()), **more)
    for colour in ("blue", "green", "red"):
        shop.release(colour, *units(colour))
    for colour in ("blue", "green"):
        promoted(shop, colour)
    return shop


def promoted(shop: Shop, release: str) -> None:
    request = shop.promote(release, despite="it is the test's beginning")
    if request:
        approvals.approve(shop.runtime.ledger(), request.digest, BEN, shop.clock.now())
        assert shop.promote(release) is None


@pytest.fixture
def asking(tmp_path: Path) -> Shop:
    return shop_with(tmp_path, approval=Approval(when=("always",)))


@pytest.fixture
def strict(tmp_path: Path) -> Shop:
    return shop_with(tmp_path, rehearsed_within=DAY)


def wanted(shop: Shop) -> Request:
    request = shop.promote("red")
    assert request is not None
    return request


def test_a_request_says_that_no_rollback_was_rehearsed(asking: Shop) -> None:
    assert wanted(asking).rehearsal == NEVER


def test_a_request_shows_the_evidence_and_also_what_came_after_it_was_made(asking: Shop) -> None:
    assert wanted(asking).rehearsal == NEVER
    rehearse(asking, "red")
    (waiting,) = approval_requests.waiting(asking.runtime.ledger(), asking.clock.now())
    assert waiting.rehearsal == WORKED
    assert wanted(asking).rehearsal == WORKED


def test_every_place_that_shows_a_request_shows_the_evidence(asking: Shop) -> None:
    rehearse(asking, "red")
    request = wanted(asking)
    page = artifacts.approval(request, PlanSet([]), ()).text
    assert all(WORKED in shown for shown in (screen.waiting(request), asked(request)))
    assert artifacts.inert(WORKED) in page
    assert screen.request_document(request)["rehearsal"] == WORKED


def test_a_request_to_roll_back_shows_the_evidence_for_that(asking: Shop) -> None:
    rehearse(asking)
    request = operations.roll_back(asking.runtime, asking.executor, "dev")
    assert isinstance(request, Request)
    assert "the rollback from green to blue worked" in request.rehearsal


def test_a_rehearsal_of_other_releases_is_no_evidence(asking: Shop) -> None:
    rehearse(asking)
    assert wanted(asking).rehearsal == NEVER


def test_an_environment_without_rehearsals_says_nothing_of_them(asking: Shop) -> None:
    dev = environment("dev", approval=Approval(when=("always",)))
    asking.environments = (dev, *asking.environments[1:])
    request = asking.promote(asking.release("white", *units("white")))
    assert request is not None
    assert request.rehearsal == ""


def test_a_failed_rehearsal_is_shown_before_an_approval_and_forbids_nothing(asking: Shop) -> None:
    asking.world.fail("app", "apply", lambda *_: None, rejected)
    with pytest.raises(FlowmartError):
        rehearse(asking, "red")
    request = wanted(asking)
    assert request.rehearsal.startswith("rehearsal FAILED 2030-01-07 12:")
    approvals.approve(asking.runtime.ledger(), request.digest, BEN, asking.clock.now())
    assert asking.promote("red") is None


def test_a_failed_rehearsal_is_a_notice_until_another_release_is_there(asking: Shop) -> None:
    asking.world.fail("app", "apply", lambda *_: None, rejected)
    with pytest.raises(FlowmartError):
        rehearse(asking)

    def failed() -> list[str]:
        found = notices("fake", asking.environments[0], asking.state("dev"), asking.clock.now(), NOWHERE)
        return [notice.text for notice in found if notice.kind is Kind.REHEARSAL]

    assert len(failed()) == 1
    promoted(asking, "red")
    promoted(asking, asking.release("white", *units("white")))
    assert failed() == []


def test_the_gate_wants_a_rehearsal_where_that_is_declared(strict: Shop) -> None:
    with pytest.raises(Refused, match=r"from red to green must be rehearsed first: it never was") as raised:
        strict.promote("red")
    assert "flowmart rehearse dev --release red" in str(raised.value)
    rehearse(strict, "red")
    assert strict.promote("red") is None


@pytest.mark.parametrize(("limit", "told"), [(DAY, "1 d"), (1200.0, "20 min")])
def test_a_rehearsal_counts_for_as_long_as_the_gate_says(tmp_path: Path, limit: float, told: str) -> None:
    shop = shop_with(tmp_path, rehearsed_within=limit)
    rehearse(shop, "red")
    shop.clock.sleep(limit + 1)
    with pytest.raises(Refused, match=rf"its last rehearsal is older than {told} \("):
        shop.promote("red")


def test_the_gate_wants_a_rehearsal_that_succeeded(strict: Shop) -> None:
    strict.world.fail("app", "apply", lambda *_: None, rejected)
    with pytest.raises(FlowmartError):
        rehearse(strict, "red")
    with pytest.raises(Refused, match="rehearsal FAILED"):
        strict.promote("red")


def test_a_release_that_cannot_wait_says_why_and_that_is_recorded(strict: Shop) -> None:
    strict.promote("red", despite="security fix")
    (entry,) = (e for e in strict.runtime.ledger().entries("dev") if e.body.get("reason") == "security fix")
    assert (entry.kind, entry.body["why"]) == ("closure_overridden", "the rollback to green was not rehearsed")


def test_a_rollback_and_the_release_that_is_there_need_no_rehearsal(strict: Shop) -> None:
    assert strict.promote("green") is None
    assert operations.roll_back(strict.runtime, strict.executor, "dev") == "blue"


def test_a_first_release_needs_no_rehearsal(tmp_path: Path) -> None:
    shop = rehearsing(Shop(tmp_path, MemoryStore()), rehearsed_within=DAY)
    assert shop.promote(shop.release("blue", *units("blue"))) is None


def test_a_release_cannot_loosen_the_rule_that_it_goes_through(strict: Shop) -> None:
    strict.environments = rehearsing(strict).environments
    with pytest.raises(Refused, match="must be rehearsed first"):
        strict.promote(strict.release("loose", *units("red")))


def test_when_a_rollback_was_last_rehearsed_is_a_metric(asking: Shop) -> None:
    rehearse(asking)
    shown = text(Exporter(asking.runtime.ledger(), {}, asking.clock))
    assert 'flowmart_rehearsal_timestamp_seconds{environment="dev",outcome="succeeded"}' in shown
