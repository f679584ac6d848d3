"""Tries an analysis on the past: returns its verdicts on imagined applies at regular times.

An analysis needs only a time and the server's history, so a rule can be tried before it decides anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tasks.analysis import evidence
from tasks.analysis.judging import Judging
from tasks.analysis.sources import Sources
from tasks.domain.analysis import Analysis, Verdict

MOST = 200
"""The maximum number of imagined applies: each runs every query once for each of its windows."""


@dataclass(frozen=True)
class Tried:
    """The verdict on an apply that is imagined `at` a time (seconds since 1970).

    `why` is the window that best explains it; empty if the analysis passed.
    """

    at: float
    verdict: Verdict
    why: str = ""


def tried(
    analysis: Analysis, environment: str, sources: Sources, since: float, until: float, every: float
) -> list[Tried]:
    """Return the verdict on an apply at each of these times, oldest first.

    Args:
        analysis: the specification.
        environment: its name.
        sources: the servers to query.
        since, until: the first and the last apply, in seconds since 1970.
        every: seconds between two applies.
    """
    return [_judged(analysis, environment, sources, at) for at in times(since, until, every)]


def times(since: float, until: float, every: float) -> Sequence[float]:
    """Return the times of the imagined applies: at most about `MOST`, so a longer period has longer steps."""
    step = max(every, (until - since) / MOST)
    return [*_steps(since, until, step)]


def _steps(since: float, until: float, step: float) -> Iterator[float]:
    while since <= until:
        yield since
        since += step


def _judged(analysis: Analysis, environment: str, sources: Sources, at: float) -> Tried:
    judging = Judging(analysis, environment, sources, at, at, past=True)
    found = judging.judge(judging.ends)
    return Tried(at, found.verdict or Verdict.INCONCLUSIVE, evidence.decisive(found))
