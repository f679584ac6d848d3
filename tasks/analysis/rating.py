"""Rates one value as good, doubtful or bad, with a stricter limit from the past if there is one. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from tasks.domain.analysis import Compare, Metric, Rating

ENOUGH = 3
"""The number of known windows that a comparison needs. With fewer, it is left out."""


def rated(metric: Metric, value: float, usual: float | None = None) -> tuple[Rating, str]:
    """Return the rating of a value, and the reason as text.

    Args:
        metric: the limits.
        value: the value.
        usual: the median of the past, for a metric with `compare`.
    """
    high, low = _highest(metric, usual), _lowest(metric, usual)
    if high is not None and value > high:
        return Rating.BAD, f"above {shown(high)}{_because(metric, usual, high != metric.fail_above)}"
    if low is not None and value < low:
        return Rating.BAD, f"below {shown(low)}{_because(metric, usual, low != metric.fail_below)}"
    if metric.at_most is not None and value > metric.at_most:
        beyond = "" if high is None else f", and not above {shown(high)}"
        return Rating.DOUBTFUL, f"above {shown(metric.at_most)}{beyond}"
    if metric.at_least is not None and value < metric.at_least:
        return Rating.DOUBTFUL, f"below {shown(metric.at_least)}, and not below {shown(low)}"
    return Rating.GOOD, ""


def without_data(metric: Metric) -> Rating:
    """Return the rating of a window without data."""
    return {"pass": Rating.GOOD, "fail": Rating.BAD, "inconclusive": Rating.UNKNOWN}[metric.no_data]


def usual(values: Sequence[float | None]) -> float | None:
    """Return the median of the known windows; None if there are fewer than three."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if len(known) >= ENOUGH else None


def shown(value: float | None) -> str:
    """Return a value as text, with four significant digits."""
    return "-" if value is None else f"{value:.4g}"


def _highest(metric: Metric, past: float | None) -> float | None:
    """Return the limit above which a value is bad. A comparison makes it stricter, but never below `at_most`."""
    if metric.fail_above is None or metric.compare is None or past is None:
        return metric.fail_above
    return min(metric.fail_above, max(metric.at_most or 0.0, past * metric.compare.times))


def _lowest(metric: Metric, past: float | None) -> float | None:
    if metric.fail_below is None or metric.compare is None or past is None:
        return metric.fail_below
    return max(metric.fail_below, min(metric.at_least or 0.0, past / metric.compare.times))


def _because(metric: Metric, past: float | None, compared: bool) -> str:
    if not compared or metric.compare is None:
        return ""
    return f", {metric.compare.times:g} times the usual {shown(past)} ({period_of(metric.compare)})"


def period_of(compare: Compare) -> str:
    """Return which past a comparison uses, as text."""
    return "before the apply" if compare.of == "before" else "a week earlier"
