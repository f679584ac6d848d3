"""Windows and freezes: deny wins, days and hours are those of the window's own time zone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tasks.domain.platform import Freeze, Window
from tasks.ledger.state import ManualFreeze
from tasks.promotion.windows import closed

OFFICE = Window(("mon", "tue", "wed", "thu"), "09:00", "16:00", "Europe/Vienna")
NIGHT = Window(("fri",), "22:00", "04:00", "UTC")
WHOLE = Window(("sun",), "00:00", "00:00", "UTC")
CHRISTMAS = Freeze("2026-12-18", "2027-01-06", "Christmas trade")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# 2026-11-23 is a Monday; Vienna is an hour ahead of UTC in winter, two in summer.
CASES = [
    (OFFICE, "2026-11-23T07:59", False),
    (OFFICE, "2026-11-23T08:00", True),
    (OFFICE, "2026-11-23T14:59", True),
    (OFFICE, "2026-11-23T15:00", False),
    (OFFICE, "2026-07-20T07:00", True),
    (OFFICE, "2026-11-27T10:00", False),
    (NIGHT, "2026-11-27T21:59", False),
    (NIGHT, "2026-11-27T22:00", True),
    (NIGHT, "2026-11-28T03:59", True),
    (NIGHT, "2026-11-28T04:00", False),
    (NIGHT, "2026-11-27T03:00", False),
    (WHOLE, "2026-11-22T00:00", True),
    (WHOLE, "2026-11-22T23:59", True),
    (WHOLE, "2026-11-23T00:00", False),
]


@pytest.mark.parametrize(("window", "now", "opened"), CASES, ids=[f"{w.days[0]}-{now}" for w, now, _ in CASES])
def test_a_window_is_open_on_its_days_from_begin_to_end(window: Window, now: str, opened: bool) -> None:
    assert (closed((window,), (), None, at(now)) is None) is opened


def test_without_windows_an_environment_is_always_open() -> None:
    assert closed((), (), None, at("2026-11-22T03:00")) is None


def test_one_open_window_is_enough() -> None:
    assert closed((OFFICE, WHOLE), (), None, at("2026-11-22T12:00")) is None


@pytest.mark.parametrize(
    ("now", "frozen"),
    [
        ("2026-12-17T23:59", False),
        ("2026-12-18T00:00", True),
        ("2027-01-06T23:59", True),
        ("2027-01-07T00:00", False),
    ],
)
def test_a_freeze_holds_on_its_first_and_last_day_and_says_why(now: str, frozen: bool) -> None:
    why = closed((), (CHRISTMAS,), None, at(now))
    assert why == ("frozen until 2027-01-06: Christmas trade" if frozen else None)


def test_a_freeze_wins_over_an_open_window() -> None:
    assert closed((WHOLE,), (Freeze("2026-11-22", "2026-11-22", "sale"),), None, at("2026-11-22T12:00"))


def test_what_was_frozen_by_hand_is_closed() -> None:
    frozen = ManualFreeze("anna", "incident", None)
    assert closed((), (), frozen, at("2026-11-23T12:00")) == "frozen by anna: incident"


def test_frozen_by_hand_until_a_day_includes_that_day() -> None:
    frozen = ManualFreeze("anna", "sale", "2026-11-24")
    assert closed((), (), frozen, at("2026-11-24T23:59")) == "frozen by anna until 2026-11-24: sale"
    assert closed((), (), frozen, at("2026-11-25T00:00")) is None
