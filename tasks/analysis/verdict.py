"""Combines the windows of an analysis into a verdict. Pure.

passed        at most `tolerate` windows of each metric are anything but good
failed        more than `tolerate` windows of a metric are bad; decided at once, and not only at the end
inconclusive  anything else, once all windows are over
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tasks.domain.analysis import Analysis, Metric, Rating, Verdict, Window


@dataclass(frozen=True)
class Judged:
    """An analysis so far.

    Attributes:
        verdict: None while windows are missing.
        windows: the measured windows, metric by metric.
        doubtful: whether an inconclusive verdict is due to values, and not only to missing data.
        notes: other remarks, such as a comparison that was left out.
    """

    verdict: Verdict | None
    windows: tuple[Window, ...]
    doubtful: bool = False
    notes: tuple[str, ...] = ()


def judged(
    analysis: Analysis, metrics: Sequence[Metric], windows: Iterable[Window], *, over: bool, notes: Sequence[str] = ()
) -> Judged:
    """Return the verdict on all metrics.

    Args:
        analysis: the specification, which gives the number of windows.
        metrics: the metrics of this environment.
        windows: the windows measured so far.
        over: whether unanswered windows are no longer retried.
        notes: other remarks.
    """
    found = tuple(windows)
    ratings = {metric.name: [each.rating for each in found if each.metric == metric.name] for metric in metrics}
    verdicts = [_of_metric(metric, ratings[metric.name], analysis.windows, over) for metric in metrics]
    return Judged(_overall(verdicts), found, _is_doubtful(metrics, ratings), tuple(notes))


def _of_metric(metric: Metric, ratings: Sequence[Rating], count: int, over: bool) -> Verdict | None:
    if ratings.count(Rating.BAD) > metric.tolerate:
        return Verdict.FAILED
    if len(ratings) < count:
        return None
    if count - ratings.count(Rating.GOOD) <= metric.tolerate:
        return Verdict.PASSED
    if Rating.UNANSWERED in ratings and not over:
        return None
    return Verdict.INCONCLUSIVE


def _overall(verdicts: Sequence[Verdict | None]) -> Verdict | None:
    if Verdict.FAILED in verdicts:
        return Verdict.FAILED
    if None in verdicts:
        return None
    return Verdict.INCONCLUSIVE if Verdict.INCONCLUSIVE in verdicts else Verdict.PASSED


def _is_doubtful(metrics: Sequence[Metric], ratings: Mapping[str, Sequence[Rating]]) -> bool:
    """Tell whether a metric has more bad or doubtful values than it tolerates, however much other data is missing."""
    return any(
        sum(rating in (Rating.BAD, Rating.DOUBTFUL) for rating in ratings[metric.name]) > metric.tolerate
        for metric in metrics
    )
