"""Computes DORA's measures of an environment exactly: medians of events, not of buckets. Pure.

Definitions: https://dora.dev/guides/dora-metrics/. A deployment is a promotion that began to apply something. A
rejection in an environment before the last one is not a failed change: use the environment that serves users.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from tasks.metrics.promotions import Promotion

CommitTimes = Callable[[str, str], Sequence[float]]
"""Returns the times of the commits that the second has and the first lacks.

In seconds since 1970; empty if they are unknown.
"""


@dataclass(frozen=True)
class Dora:
    """The measures over some days; None if there was nothing to measure.

    Attributes:
        days: the length of the period.
        deployments, per_day: the number of deployments, in total and per day.
        lead_time: median seconds from a commit to its verification.
        change_fail_ratio: failed deployments, as a ratio of all that ended.
        recovery_time: median seconds from the first apply of a failed deployment to its repair.
        rework_ratio: deployments that repair an earlier one, as a ratio of all that ended.
        commits: the number of commits in the lead time.
    """

    days: float
    deployments: int
    per_day: float
    lead_time: float | None
    change_fail_ratio: float | None
    recovery_time: float | None
    rework_ratio: float | None
    commits: int


def dora(
    promotions: Sequence[Promotion], now: datetime, length: timedelta, commit_times: CommitTimes = lambda *_: ()
) -> Dora:
    """Compute the measures of the promotions that ended within `length` before `now`.

    Args:
        promotions: the promotions of one environment, oldest first.
        now: the current time, with a time zone.
        length: the length of the period.
        commit_times: returns the times of the commits between two commits.
    """
    since = (now - length).timestamp()
    over = [each for each in promotions if each.outcome is not None and _moment(each.ended) > since]
    failed = [each for each in over if each.failed]
    lead = _lead_times(promotions, since, commit_times)
    repaired = [_moment(each.recovered) - _moment(each.began) for each in failed if each.recovered]
    days = length.total_seconds() / 86400
    return Dora(
        days=days,
        deployments=len(over),
        per_day=len(over) / days,
        lead_time=statistics.median(lead) if lead else None,
        change_fail_ratio=len(failed) / len(over) if over else None,
        rework_ratio=sum(bool(each.fixes) for each in over) / len(over) if over else None,
        recovery_time=statistics.median(repaired) if repaired else None,
        commits=len(lead),
    )


def _lead_times(promotions: Sequence[Promotion], since: float, commit_times: CommitTimes) -> list[float]:
    """Return, for each commit that came with a verified release, the seconds until it was verified."""
    verified = [each for each in promotions if each.outcome == "verified" and each.commit]
    found: list[float] = []
    for earlier, later in pairwise(verified):
        ended = _moment(later.ended)
        if ended > since and earlier.commit != later.commit:
            found += [ended - at for at in commit_times(earlier.commit, later.commit) if at < ended]
    return found


def _moment(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
