"""Where a person has to approve: the plans by their digest, and nothing else than what was approved."""

from datetime import UTC, date, datetime
from typing import Any
from unittest.mock import ANY

import pytest

from flows.approval import approve
from flows.promote import promote
from flows.release import release as release_flow
from flows.rollback import rollback
from tasks.domain.errors import EnvironmentClosed, InvalidInput, Refused
from tasks.domain.events import EnvironmentFrozen
from tasks.ledger.history import History
from tasks.promotion import approval_requests, approvals
from tasks.promotion.approval_requests import Request
from tasks.promotion.approvals import Approver
from tests.flows.test_promote import colours, kinds
from tests.platforms.mini import PLATFORM, MiniPlatform

ME = Approver("tester", "command line", "host")
BEN = Approver("ben", "command line", "host")
GATED = PLATFORM.replace("region: eu-west-1}", "region: eu-west-1, gate: approval}", 1)


@pytest.fixture
def gated(mini: MiniPlatform) -> MiniPlatform:
    mini.write("platform.yaml", GATED)
    return mini


def wanted(release: str) -> Request:
    """Promote without an approval; what is asked for."""
    asked = promote(release, "dev")
    assert isinstance(asked, Request)
    return asked


def approved(history: History, release: str, by: Approver = ME) -> None:
    """Promote with an approval of whatever is asked for."""
    approvals.approve(history.ledger, wanted(release).digest, by, datetime.now(UTC))
    assert promote(release, "dev") is None


def test_nothing_is_applied_before_it_is_approved(gated: MiniPlatform, history: History) -> None:
    asked = wanted(gated.release().id)
    assert asked.units == {"first": "1 to create", "second": "planned again after first"}
    assert kinds(history, "dev") == ["claimed", "planned first", "approval_wanted", "closed"]
    assert colours(gated, "dev") == {}


def test_what_was_asked_for_can_be_approved(gated: MiniPlatform, history: History) -> None:
    release = gated.release().id
    approved(history, release)
    assert history.state("dev").verified == release
    assert kinds(history, "dev", "approved") == ["approved"]


def test_approving_in_the_ui_does_what_was_approved_and_proves_nothing(gated: MiniPlatform, history: History) -> None:
    release = gated.release().id
    approve(wanted(release).short, "somebody")
    assert history.state("dev").verified == release
    (entry,) = (entry for entry in history.ledger.entries("dev") if entry.kind == "approved")
    assert (entry.body["by"], entry.body["how"], entry.body["identity"]) == ("somebody", "Prefect UI", "nothing")


@pytest.mark.parametrize(
    ("given", "missing"), [({}, "name: it is empty"), ({"name": "ann", "decision": "refuse"}, "reason: it is empty")]
)
def test_a_form_with_something_missing_decides_nothing(
    gated: MiniPlatform, history: History, given: dict[str, Any], missing: str
) -> None:
    digest = wanted(gated.release().id).short
    with pytest.raises(InvalidInput, match=missing):
        approve(digest, **given)
    assert kinds(history, "dev", "approved", "refused", "rejected") == []


def test_a_refusal_ends_the_promotion(gated: MiniPlatform, history: History) -> None:
    release = gated.release().id
    approvals.refuse(history.ledger, wanted(release).digest, ME, datetime.now(UTC), "not today")
    with pytest.raises(Refused, match="was rejected here"):
        promote(release, "dev")
    assert promote(release, "dev", force=True) == ANY
    assert colours(gated, "dev") == {}


def test_an_approval_is_void_when_the_plans_change(gated: MiniPlatform, history: History) -> None:
    approvals.approve(history.ledger, wanted(gated.release().id).digest, ME, datetime.now(UTC))
    gated.paint("dev", "green")
    assert isinstance(promote(gated.release().id, "dev"), Request)
    assert colours(gated, "dev") == {}


def test_a_whole_release_ends_where_an_approval_is_wanted(gated: MiniPlatform, history: History) -> None:
    found = gated.release().id
    (asked,) = release_flow(found).requests
    assert asked.environment == "dev"
    assert history.state("staging").receipts == {}


def test_a_unit_may_turn_out_differently_once_what_it_needs_was_applied(
    gated: MiniPlatform, history: History
) -> None:
    approved(history, gated.release().id)
    gated.paint("dev", "green")
    approved(history, gated.release().id)
    assert colours(gated, "dev") == {"first": "green", "second": "green"}


def test_but_it_may_not_replace_what_nobody_approved(gated: MiniPlatform, history: History) -> None:
    colour = "data.terraform_remote_state.first.outputs.colour"
    text = (gated.repository / "infrastructure/terraform/dev/second/main.tf").read_text()
    replaced = f'\n  input = "blue"\n  triggers_replace = {colour}\n'
    gated.write("terraform/dev/second/main.tf", text.replace(f" input = {colour} ", replaced))
    first = gated.release().id
    approved(history, first)
    gated.paint("dev", "green")
    second = gated.release().id
    approvals.approve(history.ledger, wanted(second).digest, ME, datetime.now(UTC))
    with pytest.raises(Refused, match="its plan is no longer what was approved"):
        promote(second, "dev")
    assert colours(gated, "dev") == {"first": "blue", "second": "blue"}


def test_a_release_cannot_loosen_the_gate_that_it_goes_through(gated: MiniPlatform, history: History) -> None:
    approved(history, gated.release().id)
    gated.write("platform.yaml", PLATFORM)
    gated.paint("dev", "green")
    assert isinstance(promote(gated.release().id, "dev"), Request)


def test_a_release_cannot_appoint_its_approvers(gated: MiniPlatform, history: History) -> None:
    gated.write("platform.yaml", GATED.replace("gate: approval", "gate: {approval: always, approvers: [ben]}"))
    approved(history, gated.release().id, BEN)
    gated.write("platform.yaml", GATED.replace("gate: approval", "gate: {approval: always, approvers: [mallory]}"))
    gated.paint("dev", "green")
    assert wanted(gated.release().id).rules.approvers == ("ben",)


def test_going_back_by_hand_wants_an_approval_too(gated: MiniPlatform, history: History) -> None:
    first = gated.release().id
    approved(history, first)
    gated.paint("dev", "green")
    approved(history, gated.release().id)
    asked = rollback("dev")
    assert isinstance(asked, Request)
    assert (asked.purpose, asked.release) == ("roll back", first)
    approve(asked.short, "somebody")
    assert history.state("dev").verified == first
    assert colours(gated, "dev") == {"first": "blue", "second": "blue"}


def frozen() -> str:
    today = date.today().isoformat()
    freeze = f"freezes: [{{begins: {today}, ends: 2999-01-01, reason: sale}}]"
    return PLATFORM.replace("region: eu-west-1}", f"region: eu-west-1, {freeze}}}", 1)


def test_a_frozen_environment_is_not_changed_unless_somebody_says_why(mini: MiniPlatform, history: History) -> None:
    mini.write("platform.yaml", frozen())
    release = mini.release().id
    with pytest.raises(EnvironmentClosed, match="dev is frozen until 2999-01-01: sale"):
        promote(release, "dev")
    assert colours(mini, "dev") == {}
    promote(release, "dev", despite="a security fix")
    (entry,) = (entry for entry in history.ledger.entries("dev") if entry.kind == "closure_overridden")
    assert entry.body["reason"] == "a security fix"
    assert history.state("dev").verified == release


def test_a_freeze_by_hand_holds_at_once_and_going_back_is_not_held_up(mini: MiniPlatform, history: History) -> None:
    first = mini.release().id
    promote(first, "dev")
    mini.paint("dev", "green")
    second = mini.release().id
    promote(second, "dev")
    history.ledger.append("dev", EnvironmentFrozen(reason="incident"))
    mini.paint("dev", "red")
    third = mini.release().id
    with pytest.raises(EnvironmentClosed, match="frozen by tester: incident"):
        promote(third, "dev")
    assert rollback("dev") == first


def test_waiting_requests_expire(gated: MiniPlatform, history: History) -> None:
    asked = wanted(gated.release().id)
    assert approval_requests.waiting(history.ledger, datetime.now(UTC)) == (asked,)
    assert approval_requests.waiting(history.ledger, asked.expires) == ()
