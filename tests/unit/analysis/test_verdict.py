"""Ratings, limits from the past and verdicts, as tables."""

from __future__ import annotations

import pytest

from tasks.analysis.rating import rated, usual
from tasks.analysis.verdict import judged
from tasks.domain.analysis import Analysis, Compare, Metric, Rating, Verdict, Window

LETTERS = {"g": Rating.GOOD, "d": Rating.DOUBTFUL, "b": Rating.BAD, "?": Rating.UNKNOWN, "-": Rating.UNANSWERED}
SIX = {"length": 1800.0, "window": 300.0}
HIGH = Metric("errors", query="e", at_most=0.01, fail_above=0.05)
LOW = Metric("success", query="s", at_least=0.99, fail_below=0.95)


def windows(name: str, letters: str) -> list[Window]:
    return [Window(name, "", "", LETTERS[letter]) for letter in letters]


@pytest.mark.parametrize(
    ("letters", "over", "verdict", "doubtful"),
    [
        ("", False, None, False),
        ("ggggg", False, None, False),
        ("gggggg", False, Verdict.PASSED, False),
        ("gggbgg", False, Verdict.PASSED, False),
        ("gggg?g", False, Verdict.PASSED, False),
        ("ggggg-", False, Verdict.PASSED, False),
        ("bb", False, Verdict.FAILED, True),
        ("bgggb", False, Verdict.FAILED, True),
        ("-bb", False, Verdict.FAILED, True),
        ("ddgggg", False, Verdict.INCONCLUSIVE, True),
        ("dbgggg", False, Verdict.INCONCLUSIVE, True),
        ("d?gggg", False, Verdict.INCONCLUSIVE, False),
        ("dd????", False, Verdict.INCONCLUSIVE, True),
        ("??gggg", False, Verdict.INCONCLUSIVE, False),
        ("??????", False, Verdict.INCONCLUSIVE, False),
        ("--gggg", False, None, False),
        ("--gggg", True, Verdict.INCONCLUSIVE, False),
        ("d-gggg", False, None, False),
        ("dd-ggg", True, Verdict.INCONCLUSIVE, True),
    ],
)
def test_windows_amount_to_a_verdict(letters: str, over: bool, verdict: Verdict | None, doubtful: bool) -> None:
    found = judged(Analysis((HIGH,), **SIX), (HIGH,), windows("errors", letters), over=over)
    assert (found.verdict, found.doubtful) == (verdict, doubtful)


@pytest.mark.parametrize(
    ("errors", "success", "verdict"),
    [
        ("gggggg", "gggggg", Verdict.PASSED),
        ("gggggg", "bb", Verdict.FAILED),
        ("gg", "gggggg", None),
        ("dddddd", "gg", None),
        ("dddddd", "gggggg", Verdict.INCONCLUSIVE),
        ("??????", "bb", Verdict.FAILED),
    ],
)
def test_each_metric_counts_for_itself_and_the_worst_decides(errors: str, success: str, verdict: Verdict) -> None:
    metrics, found = (HIGH, LOW), [*windows("errors", errors), *windows("success", success)]
    assert judged(Analysis(metrics, **SIX), metrics, found, over=False).verdict is verdict


@pytest.mark.parametrize(
    ("metric", "value", "rating", "why"),
    [
        (HIGH, 0.0, Rating.GOOD, ""),
        (HIGH, 0.01, Rating.GOOD, ""),
        (HIGH, 0.02, Rating.DOUBTFUL, "above 0.01, and not above 0.05"),
        (HIGH, 0.05, Rating.DOUBTFUL, "above 0.01, and not above 0.05"),
        (HIGH, 0.0500001, Rating.BAD, "above 0.05"),
        (LOW, 0.99, Rating.GOOD, ""),
        (LOW, 0.96, Rating.DOUBTFUL, "below 0.99, and not below 0.95"),
        (LOW, 0.94, Rating.BAD, "below 0.95"),
    ],
)
def test_a_value_is_good_doubtful_or_bad(metric: Metric, value: float, rating: Rating, why: str) -> None:
    assert rated(metric, value) == (rating, why)


def compared(at_most: float, times: float) -> Metric:
    return Metric("e", query="e", at_most=at_most, fail_above=0.5, compare=Compare("before", times))


@pytest.mark.parametrize(
    ("metric", "past", "value", "rating"),
    [
        (compared(0.01, 3), 0.1, 0.29, Rating.DOUBTFUL),
        (compared(0.01, 3), 0.1, 0.31, Rating.BAD),
        (compared(0.01, 3), 1.0, 0.51, Rating.BAD),
        (compared(0.2, 3), 0.001, 0.19, Rating.GOOD),
        (compared(0.2, 3), 0.001, 0.21, Rating.BAD),
        (compared(0.01, 3), None, 0.49, Rating.DOUBTFUL),
    ],
)
def test_a_comparison_is_stricter_than_the_limit_but_not_than_what_is_good(
    metric: Metric, past: float | None, value: float, rating: Rating
) -> None:
    assert rated(metric, value, past)[0] is rating


def test_a_comparison_says_what_the_usual_is() -> None:
    assert rated(compared(0.01, 3), 0.4, 0.1)[1] == "above 0.3, 3 times the usual 0.1 (before the apply)"


@pytest.mark.parametrize(
    ("values", "found"),
    [([], None), ([1.0, 2.0, None], None), ([3.0, 1.0, 2.0], 2.0), ([None, 3.0, 1.0, 2.0, 10.0], 2.5)],
)
def test_the_usual_is_a_median_of_three_or_more(values: list[float | None], found: float | None) -> None:
    assert usual(values) == found
