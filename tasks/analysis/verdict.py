"""What the windows of an analysis amount to. Pure.

passed        at most `tolerate` windows of each metric are anything but good
failed        more than `tolerate` windows of a metric are bad; known at once, and not only at the end
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
        windows: what was measured, metric by metric.
        doubtful: whether an inconclusive verdict comes from values, and not only from silence.
        notes: what else should be known, such as a comparison that was left out.
    """

    verdict: Verdict | None
    windows: tuple[Window, ...]
    doubtful: bool = False
    notes: tuple[str, ...] = ()


def judged(
    analysis: Analysis, metrics: Sequence[Metric], windows: Iterable[Window], *, over: bool, notes: Sequence[str] = ()
) -> Judged:
    """The verdict on all metrics.

    Args:
        analysis: how many windows there are.
        metrics: those that count here.
        windows: what was measured so far.
        over: whether windows without an answer are not asked again any more.
        notes: what else should be known.
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
    """Whether some metric has more values that are not good than it tolerates, however silent the rest is."""
    return any(
        sum(rating in (Rating.BAD, Rating.DOUBTFUL) for rating in ratings[metric.name]) > metric.tolerate
        for metric in metrics
    )
