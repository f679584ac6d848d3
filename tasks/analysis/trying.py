"""Tries an analysis on the past: how it would have judged applies that are imagined at regular times.

An analysis needs nothing but a time and the server's history, so a rule can be tried before it decides anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasks.analysis.judging import Judging
from tasks.analysis.sources import Sources
from tasks.domain.analysis import Analysis, Verdict

MOST = 200
"""Imagined applies: each asks every query once for each of its windows."""


def tried(
    analysis: Analysis, environment: str, sources: Sources, since: float, until: float, every: float
) -> list[tuple[float, Verdict]]:
    """The verdict on an apply at each of these times, oldest first.

    Args:
        analysis: the specification.
        environment: where.
        sources: who is asked.
        since, until: the first and the last apply, in seconds since 1970.
        every: seconds between two of them.
    """
    return [(at, _judged(analysis, environment, sources, at)) for at in times(since, until, every)]


def times(since: float, until: float, every: float) -> Sequence[float]:
    """When applies are imagined: at most `MOST`, so a longer time has longer steps."""
    step = max(every, (until - since) / MOST)
    return [*_steps(since, until, step)]


def _steps(since: float, until: float, step: float) -> Iterator[float]:
    while since <= until:
        yield since
        since += step


def _judged(analysis: Analysis, environment: str, sources: Sources, at: float) -> Verdict:
    judging = Judging(analysis, environment, sources, at, at, past=True)
    found = judging.judge(judging.ends)
    return found.verdict or Verdict.INCONCLUSIVE
