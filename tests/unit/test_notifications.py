"""Notifications: what is told of which ending, and that sending them never decides or holds up anything."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import SecretStr

from tasks.domain.errors import (
    EnvironmentBlocked,
    EnvironmentBusy,
    InvalidInput,
    Refused,
    RollbackFailed,
    RolledBack,
    Unanswered,
)
from tasks.notifications import notifications
from tasks.notifications.notifications import Notification
from tasks.settings import Settings, load
from tests.doubles.listener import Listener
from tests.unit.test_drift_descriptions import CLEAN, KNOWN, NEW, SUPPRESSED

FAILED = Notification("promotion-failed", "dev: promote a: FAILED", "why")
RUN = "http://prefect.example/runs/1"


def settings(addresses: str, *subjects: str) -> Settings:
    chosen = {"notify_on": subjects} if subjects else {}
    return Settings(notify=SecretStr(addresses), **chosen)  # type: ignore[arg-type]


# --- texts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "subject", "title"),
    [
        (Refused("denied by policy"), "promotion-failed", "dev: promote a: FAILED"),
        (Unanswered("no answer"), "promotion-failed", "dev: promote a: a dependency did not respond"),
        (KeyError("a bug"), "promotion-failed", "dev: promote a: FAILED"),
        (
            RollbackFailed("the rollback failed"),
            "rollback-failed",
            "dev: THE ROLLBACK OF a FAILED, an operator is needed",
        ),
    ],
)
def test_a_failed_run_is_notified_with_reason_and_address(error: Exception, subject: str, title: str) -> None:
    told = notifications.ended("dev", "a", "promote", error, RUN)
    assert told is not None
    assert (told.subject, told.title) == (subject, title)
    assert str(error) in told.text
    assert f"Details: {RUN}" in told.text


@pytest.mark.parametrize("error", [EnvironmentBusy("busy"), EnvironmentBlocked("blocked"), RolledBack("told")])
def test_a_run_that_never_began_or_was_rolled_back_is_not_notified_again(error: Exception) -> None:
    assert notifications.ended("dev", "a", "promote", error) is None


def test_without_a_run_the_notification_names_the_history_command() -> None:
    assert notifications.rolled_back("dev", "a", "smoke failed").text == "smoke failed\nDetails: flowmart history dev"


def test_a_failed_rollback_says_what_to_do() -> None:
    assert "flowmart resolve dev" in notifications.rollback_failed("dev", "a", "why").text


def test_a_needed_approval_says_what_would_change_and_how_to_approve() -> None:
    told = notifications.approval_wanted("dev", "a", "2 to create", "flowmart approve 0123", RUN)
    assert told.title == "dev: a needs an approval"
    assert told.text == f"2 to create\nflowmart approve 0123\nDetails: {RUN}"


def test_only_new_drift_and_drift_that_is_gone_are_notified() -> None:
    report = replace(CLEAN, drifted=(NEW, KNOWN, SUPPRESSED), recovered=(KNOWN,))
    new, gone = notifications.drift(report, RUN)
    assert (new.subject, new.title) == ("drift", "dev: 1 object drifted")
    assert "cart: Deployment/cart was changed by hand" in new.text
    assert "spec.replicas: 1 -> 3" in new.text
    assert (gone.subject, gone.title) == ("drift-recovered", "dev: drift of 1 object is gone")
    assert notifications.drift(replace(CLEAN, drifted=(KNOWN, SUPPRESSED))) == []


def test_long_texts_are_folded() -> None:
    (told,) = notifications.drift(replace(CLEAN, drifted=(NEW,) * 50))
    assert "more lines" in told.text
    assert len(notifications.rolled_back("dev", "a", "x" * 100_000).text) < 2_000


# --- sending ----------------------------------------------------------------------------------------------


def test_a_notification_reaches_every_address() -> None:
    with Listener() as one, Listener() as other:
        notifications.send(settings(f"{one.address}, {other.address}"), FAILED)
        assert one.heard == other.heard
        (heard,) = one.heard
    assert (heard["title"], heard["message"], heard["type"]) == (FAILED.title, "why", "failure")


def test_a_failed_delivery_is_retried_once() -> None:
    with Listener([500, 200]) as listener:
        notifications.send(settings(listener.address), FAILED)
        assert listener.titles == [FAILED.title] * 2


def test_an_address_that_always_fails_does_not_stop_the_others() -> None:
    with Listener([500]) as deaf, Listener() as listener:
        notifications.send(settings(f"{deaf.address} {listener.address} json://127.0.0.1:1"), FAILED)
        assert (len(deaf.heard), listener.titles) == (2, [FAILED.title])


def test_an_address_that_does_not_respond_delays_nothing() -> None:
    with Listener(seconds=60) as silent, Listener() as listener:
        notifications.send(settings(f"{silent.address} {listener.address}"), FAILED)
        assert (len(silent.heard) > 0, silent.answered) == (True, 0)
        assert listener.titles == [FAILED.title]


def test_an_invalid_address_does_not_stop_the_others_and_is_not_logged(capfd: pytest.CaptureFixture[str]) -> None:
    with Listener() as listener:
        notifications.send(settings(f"nonsense://token-in-it {listener.address}"), FAILED)
        assert listener.titles == [FAILED.title]
    told = capfd.readouterr()
    assert "token-in-it" not in told.out + told.err


def test_only_selected_subjects_are_sent_but_a_failed_rollback_always() -> None:
    with Listener() as listener:
        only_drift = settings(listener.address, "drift")
        notifications.send(only_drift, FAILED)
        notifications.send(only_drift, notifications.rollback_failed("dev", "a", "why"))
        notifications.send(only_drift, Notification("drift", "dev: drifted", "what"))
        assert listener.titles == ["dev: THE ROLLBACK OF a FAILED, an operator is needed", "dev: drifted"]


def test_the_settings_are_read_from_the_environment_and_do_not_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWMART_NOTIFY", "slack://a/b/c")
    monkeypatch.setenv("FLOWMART_NOTIFY_ON", "drift, rollback")
    found = load()
    assert found.notify_on == ("drift", "rollback")
    assert "slack" not in repr(found)
    monkeypatch.setenv("FLOWMART_NOTIFY_ON", "everything")
    with pytest.raises(InvalidInput, match="FLOWMART_NOTIFY_ON=everything: Input should be 'promotion-failed'"):
        load()
