"""Decide when an environment may be changed: change windows, freezes, and freezes by hand. Pure; deny wins.

Windows say when a promotion may start to apply; an environment without windows is always open. A freeze closes it for
some days whatever the windows say. Rollbacks are never delayed: a window protects a good state, not a bad one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tasks.domain.platform import Freeze, Window
from tasks.ledger.state import ManualFreeze

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def closed(
    windows: Sequence[Window], freezes: Sequence[Freeze], by_hand: ManualFreeze | None, now: datetime
) -> str | None:
    """Return why an environment is closed at `now` (UTC), in words; None when it is open."""
    if by_hand and _is_frozen_by_hand(by_hand, now):
        return frozen_by_hand(by_hand)
    for freeze in freezes:
        if _frozen(freeze, now):
            return f"frozen until {freeze.ends}: {freeze.reason}"
    if windows and not any(_open(window, now) for window in windows):
        return f"outside of its change windows ({'; '.join(map(str, windows))})"
    return None


def frozen_by_hand(freeze: ManualFreeze) -> str:
    """Return a freeze by hand in words: "frozen by anna until 2026-11-24: sale"."""
    until = f" until {freeze.until}" if freeze.until else ""
    return f"frozen by {freeze.actor}{until}: {freeze.reason}"


def _open(window: Window, now: datetime) -> bool:
    local = now.astimezone(ZoneInfo(window.timezone))
    begins, ends = time.fromisoformat(window.begins), time.fromisoformat(window.ends)
    today, at = DAYS[local.weekday()], local.time()
    if begins < ends:
        return today in window.days and begins <= at < ends
    yesterday = DAYS[(local - timedelta(days=1)).weekday()]
    return (today in window.days and at >= begins) or (yesterday in window.days and at < ends)


def _frozen(freeze: Freeze, now: datetime) -> bool:
    return date.fromisoformat(freeze.begins) <= now.date() <= date.fromisoformat(freeze.ends)


def _is_frozen_by_hand(freeze: ManualFreeze, now: datetime) -> bool:
    return freeze.until is None or date.fromisoformat(freeze.until) >= now.date()
