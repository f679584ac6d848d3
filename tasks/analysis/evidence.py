"""Describes the windows of an analysis as text. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from tasks.analysis.rating import shown
from tasks.analysis.verdict import Judged
from tasks.domain.analysis import Rating, Verdict, Window

_MINUTE = timedelta(minutes=1)


def summary(subject: str, found: Judged) -> str:
    """Return the verdict, and a line for each deciding window.

    Args:
        subject: the subject of the analysis: "staging/cart".
        found: a verdict that is not None.
    """
    verdict = found.verdict.value if found.verdict else "not over"
    deciding = [window for window in found.windows if window.rating is not Rating.GOOD]
    if found.verdict is Verdict.PASSED:
        return f"{subject}: analysis passed: {_counted(found.windows)}"
    return "\n".join([f"{subject}: analysis {verdict}", *(f"  {line(each)}" for each in _few(deciding))])


def decisive(found: Judged) -> str:
    """Return the window that best explains a verdict; "" if the analysis passed."""
    if found.verdict is Verdict.PASSED:
        return ""
    return next((line(each) for each in _few([w for w in found.windows if w.rating is not Rating.GOOD])), "")


def line(window: Window) -> str:
    """Return one window as text: `errors 14:05-14:10: 0.0731 is bad, above 0.05`."""
    begins, ends = datetime.fromisoformat(window.begins), datetime.fromisoformat(window.ends)
    shape = "%H:%M:%S" if ends - begins < _MINUTE else "%H:%M"
    hours = f"{begins:{shape}}-{ends:{shape}}"
    value = f"{shown(window.value)} is {window.rating.value}" if window.value is not None else window.rating.value
    return f"{window.metric} {hours}: {value}{f', {window.why}' if window.why else ''}"


def _few(windows: Sequence[Window]) -> list[Window]:
    """Return the worst windows. The ledger has all of them."""
    worst = [Rating.BAD, Rating.DOUBTFUL, Rating.UNKNOWN, Rating.UNANSWERED]
    return sorted(windows, key=lambda window: worst.index(window.rating))[:6]


def _counted(windows: Iterable[Window]) -> str:
    ratings = [window.rating for window in windows]
    return ", ".join(f"{ratings.count(each)} {each.value}" for each in Rating if each in ratings)
