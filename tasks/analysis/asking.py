"""Tries every query once before anything is applied, when a mistake in it is still harmless."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tasks.analysis import log_fields, spans
from tasks.analysis.measuring import value
from tasks.analysis.sources import Sources
from tasks.analysis.spans import Span
from tasks.domain.analysis import Analysis, Metric
from tasks.domain.errors import Unanswered
from tasks.monitoring.client import Prometheus
from tasks.monitoring.queries import filled, selectors

FEWEST = 4
"""The fewest samples that a window must hold.

Prometheus 3 finds none in a range of one scrape. With two, one lost scrape is half of them.
"""

_NEVER = 7 * 86400.0
"""Seconds without a series after which a label is more likely misspelt than an error unseen."""


@dataclass(frozen=True)
class Asked:
    """The result of trying the queries: `mistakes` in the specification, and `warnings` about data not there yet."""

    mistakes: tuple[str, ...]
    warnings: tuple[str, ...]


def ask_all(analysis: Analysis, metrics: Sequence[Metric], sources: Sources, now: float) -> Asked:
    """Run every query of an analysis for the last window.

    Args:
        analysis: the specification.
        metrics: the metrics to try.
        sources: the servers to query.
        now: seconds since 1970.

    Raises:
        Unanswered: the server does not respond, or its clock is wrong.
    """
    if skew := sources.skew(now):
        raise Unanswered(f"{sources.prometheus.where} cannot be asked: {skew}")
    span = spans.before(analysis, now - analysis.lag)[-1]
    found = [_asked(analysis, metric, sources, span) for metric in metrics]
    return Asked(tuple(m for one in found for m in one.mistakes), tuple(w for one in found for w in one.warnings))


def _asked(analysis: Analysis, metric: Metric, sources: Sources, span: Span) -> Asked:
    if metric.logs is not None:
        mistakes, more = log_fields.asked(sources.elasticsearch, metric.logs)
        return Asked(*(tuple(f"metric {metric.name}: {each}" for each in said) for said in (mistakes, more)))
    server, result = sources.prometheus, value(sources, metric, span)
    if not result.answered:
        if not result.refused:
            raise Unanswered(f"metric {metric.name}: {result.why}")
        return Asked((f"metric {metric.name}: {result.why}",), ())
    too_short = _too_short(analysis, metric, server, span)
    warnings = [f"metric {metric.name}: {result.why}"] if result.value is None else []
    warnings += _never_seen(metric, server, span)
    return Asked(tuple(f"metric {metric.name}: {each}" for each in too_short), tuple(warnings))


def _too_short(analysis: Analysis, metric: Metric, server: Prometheus, span: Span) -> Iterator[str]:
    """Report a window that holds too few samples of series that have existed for longer."""
    for selector in _selectors(metric, span):
        counts = [_most(server, selector, analysis.window * times, span.ends) for times in (1, 2)]
        if 0 < counts[0] < FEWEST and counts[1] > counts[0]:
            wrong = f"a window of {analysis.window:g}s holds {counts[0]:g} samples of {selector}"
            yield f"{wrong}; it must hold {FEWEST} scrapes: make `window` longer"
            return


def _never_seen(metric: Metric, server: Prometheus, span: Span) -> list[str]:
    query = filled(metric.bad, span.length)
    since = span.ends - _NEVER
    unseen = [each for each in selectors(query) if not server.has_series(each, since, span.ends)] if query else []
    reason = "for 7 days; it never failed, or a label is misspelt"
    return [f"metric {metric.name}: no series {each} {reason}" for each in unseen]


def _selectors(metric: Metric, span: Span) -> tuple[str, ...]:
    query = metric.total or metric.query
    return selectors(filled(query, span.length)) if query else ()


def _most(server: Prometheus, selector: str, seconds: float, at: float) -> float:
    found = server.instant(f"max(count_over_time({selector}[{round(seconds * 1000)}ms]))", at).series
    return found[0].value if found else 0.0
