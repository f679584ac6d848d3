"""What people are told while they are not watching: each ending once, and nothing of what never began."""

import pytest

from flows.promote import promote
from flows.rollback import rollback
from tasks.domain.errors import EnvironmentBusy, Refused, RollbackFailed, RolledBack
from tasks.ledger.history import History
from tasks.promotion import claims
from tasks.promotion.approval_requests import Request
from tests.doubles.listener import Listener
from tests.flows.test_ways_back import _lose_archive
from tests.platforms.mini import PLATFORM, MiniPlatform


def test_a_promotion_that_a_policy_denies_is_notified_with_reason_and_address(
    mini: MiniPlatform, listener: Listener
) -> None:
    mini.append("terraform/dev/first/main.tf", 'resource "terraform_data" "forbidden" {}\n')
    release = mini.release().id
    with pytest.raises(Refused):
        promote(release, "dev")
    (heard,) = listener.heard
    assert heard["title"] == f"dev: promote {release}: FAILED"
    assert "nothing may be called forbidden" in heard["message"]
    assert "/runs/flow-run/" in heard["message"]


def test_a_release_that_was_rolled_back_is_notified_once(mini: MiniPlatform, listener: Listener) -> None:
    mini.paint("dev", "red")
    bad = mini.release().id
    with pytest.raises(RolledBack):
        promote(bad, "dev")
    assert listener.titles == [f"dev: {bad} was rolled back"]
    assert "found red" in listener.heard[0]["message"]


def test_a_requested_rollback_is_notified(mini: MiniPlatform, listener: Listener) -> None:
    old = mini.release("old").id
    promote(old, "dev")
    mini.paint("dev", "green")
    promote(mini.release("new").id, "dev")
    rollback("dev")
    assert listener.titles == [f"dev: rolled back to {old}"]


def test_a_failed_rollback_is_notified_whatever_subjects_are_selected(
    mini: MiniPlatform, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWMART_NOTIFY_ON", "drift")
    good = mini.release("good")
    promote(good.id, "dev")
    mini.paint("dev", "red")
    bad = mini.release("bad")
    _lose_archive(mini, good.id)
    with pytest.raises(RollbackFailed):
        promote(bad.id, "dev")
    assert listener.titles == [f"dev: THE ROLLBACK OF {bad.id} FAILED, an operator is needed"]


def test_what_never_began_and_what_waits_for_an_approval_has_not_failed(
    mini: MiniPlatform, listener: Listener, history: History
) -> None:
    mini.write("platform.yaml", PLATFORM.replace("region: eu-west-1}", "region: eu-west-1, gate: approval}", 1))
    release = mini.release().id
    assert isinstance(promote(release, "dev"), Request)
    claims.claim(history.ledger, "dev", release, "promote")
    with pytest.raises(EnvironmentBusy):
        promote(release, "dev")
    assert listener.titles == [f"dev: {release} needs an approval"]


def test_an_unreachable_address_does_not_fail_a_run(mini: MiniPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWMART_NOTIFY", "json://127.0.0.1:1 nonsense://x")
    mini.paint("dev", "red")
    with pytest.raises(RolledBack):
        promote(mini.release().id, "dev")
