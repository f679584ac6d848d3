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
from tests.listener import Listener
from tests.unit.test_drift_words import CLEAN, KNOWN, NEW, SUPPRESSED

FAILED = Notification("promotion-failed", "dev: promote a: FAILED", "why")
RUN = "http://prefect.example/runs/1"


def settings(addresses: str, *subjects: str) -> Settings:
    chosen = {"notify_on": subjects} if subjects else {}
    return Settings(notify=SecretStr(addresses), **chosen)  # type: ignore[arg-type]


# --- what is said -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "subject", "title"),
    [
        (Refused("denied by policy"), "promotion-failed", "dev: promote a: FAILED"),
        (Unanswered("no answer"), "promotion-failed", "dev: promote a: got no answer"),
        (KeyError("a mistake of ours"), "promotion-failed", "dev: promote a: FAILED"),
        (RollbackFailed("no way back"), "rollback-failed", "dev: THE ROLLBACK OF a FAILED, a person is needed"),
    ],
)
def test_how_a_run_ended_is_told_with_why_and_where_to_look(error: Exception, subject: str, title: str) -> None:
    told = notifications.ended("dev", "a", "promote", error, RUN)
    assert told is not None
    assert (told.subject, told.title) == (subject, title)
    assert str(error) in told.text
    assert f"Look: {RUN}" in told.text


@pytest.mark.parametrize("error", [EnvironmentBusy("busy"), EnvironmentBlocked("blocked"), RolledBack("told")])
def test_what_never_began_or_was_told_is_not_told(error: Exception) -> None:
    assert notifications.ended("dev", "a", "promote", error) is None


def test_without_a_run_the_history_is_where_to_look() -> None:
    assert notifications.rolled_back("dev", "a", "smoke failed").text == "smoke failed\nLook: flowmart history dev"


def test_a_failed_rollback_says_what_to_do() -> None:
    assert "flowmart resolve dev" in notifications.rollback_failed("dev", "a", "why").text


def test_an_approval_that_is_wanted_says_of_what_and_how() -> None:
    told = notifications.approval_wanted("dev", "a", "2 to create", "flowmart approve 0123", RUN)
    assert told.title == "dev wants an approval of a"
    assert told.text == f"2 to create\nflowmart approve 0123\nLook: {RUN}"


def test_of_a_drift_report_only_what_is_new_and_what_is_gone_is_told() -> None:
    report = replace(CLEAN, drifted=(NEW, KNOWN, SUPPRESSED), recovered=(KNOWN,))
    new, gone = notifications.drift(report, RUN)
    assert (new.subject, new.title) == ("drift", "dev: 1 object drifted")
    assert "cart: Deployment/cart was changed by hand" in new.text
    assert "spec.replicas: 1 -> 3" in new.text
    assert (gone.subject, gone.title) == ("drift-recovered", "dev: drift of 1 object is gone")
    assert notifications.drift(replace(CLEAN, drifted=(KNOWN, SUPPRESSED))) == []


def test_long_texts_are_folded() -> None:
    (told,) = notifications.drift(replace(CLEAN, drifted=(NEW,) * 50))
    assert "lines more" in told.text
    assert len(notifications.rolled_back("dev", "a", "x" * 100_000).text) < 2_000


# --- sending it -------------------------------------------------------------------------------------------


def test_it_reaches_every_address() -> None:
    with Listener() as one, Listener() as other:
        notifications.send(settings(f"{one.address}, {other.address}"), FAILED)
        assert one.heard == other.heard
        (heard,) = one.heard
    assert (heard["title"], heard["message"], heard["type"]) == (FAILED.title, "why", "failure")


def test_one_that_does_not_get_through_is_tried_once_more() -> None:
    with Listener([500, 200]) as listener:
        notifications.send(settings(listener.address), FAILED)
        assert listener.titles == [FAILED.title] * 2


def test_one_that_fails_for_good_is_given_up_and_the_others_are_told() -> None:
    with Listener([500]) as deaf, Listener() as listener:
        notifications.send(settings(f"{deaf.address} {listener.address} json://127.0.0.1:1"), FAILED)
        assert (len(deaf.heard), listener.titles) == (2, [FAILED.title])


def test_one_that_does_not_answer_holds_nothing_up() -> None:
    with Listener(seconds=60) as silent, Listener() as listener:
        notifications.send(settings(f"{silent.address} {listener.address}"), FAILED)
        assert (len(silent.heard) > 0, silent.answered) == (True, 0)
        assert listener.titles == [FAILED.title]


def test_an_address_that_is_none_does_not_silence_the_others(capfd: pytest.CaptureFixture[str]) -> None:
    with Listener() as listener:
        notifications.send(settings(f"nonsense://token-in-it {listener.address}"), FAILED)
        assert listener.titles == [FAILED.title]
    told = capfd.readouterr()
    assert "token-in-it" not in told.out + told.err


def test_only_the_subjects_that_are_wanted_are_told_but_a_failed_rollback_always() -> None:
    with Listener() as listener:
        only_drift = settings(listener.address, "drift")
        notifications.send(only_drift, FAILED)
        notifications.send(only_drift, notifications.rollback_failed("dev", "a", "why"))
        notifications.send(only_drift, Notification("drift", "dev: drifted", "what"))
        assert listener.titles == ["dev: THE ROLLBACK OF a FAILED, a person is needed", "dev: drifted"]


def test_the_settings_are_read_from_the_environment_and_do_not_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWMART_NOTIFY", "slack://a/b/c")
    monkeypatch.setenv("FLOWMART_NOTIFY_ON", "drift, rollback")
    found = load()
    assert found.notify_on == ("drift", "rollback")
    assert "slack" not in repr(found)
    monkeypatch.setenv("FLOWMART_NOTIFY_ON", "everything")
    with pytest.raises(InvalidInput, match="FLOWMART_NOTIFY_ON=everything: Input should be 'promotion-failed'"):
        load()
