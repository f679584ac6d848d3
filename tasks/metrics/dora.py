"""DORA's measures of an environment, exact: medians of what happened, not of buckets. Pure.

Definitions: https://dora.dev/guides/dora-metrics/. A deployment is a promotion that began to apply something. A
rejection in an environment before the last one is no failed change: ask for the environment that users are on.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from tasks.metrics.promotions import Promotion

CommitTimes = Callable[[str, str], Sequence[float]]
"""When the commits were made that the second has and the first has not, in seconds since 1970; none if not known."""


@dataclass(frozen=True)
class Dora:
    """The measures over some days; None where nothing was to be measured.

    Attributes:
        days: over how many.
        deployments, per_day: how many, and how often.
        lead_time: median seconds from a commit to where it is verified.
        change_fail_ratio: failed deployments, of all that are over.
        recovery_time: median seconds from the first apply of a failed deployment until it was repaired.
        rework_ratio: deployments that repair an earlier one, of all that are over.
        commits: how many the lead time is made of.
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
    """The measures of the promotions that ended in the time of `length` before `now`."""
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
    """Of each commit that came with a verified release: how long it took until it was verified."""
    verified = [each for each in promotions if each.outcome == "verified" and each.commit]
    found: list[float] = []
    for earlier, later in pairwise(verified):
        ended = _moment(later.ended)
        if ended > since and earlier.commit != later.commit:
            found += [ended - at for at in commit_times(earlier.commit, later.commit) if at < ended]
    return found


def _moment(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
