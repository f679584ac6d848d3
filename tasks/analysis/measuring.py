"""Measures one metric in one window: builds the queries and interprets their results."""

from __future__ import annotations

from tasks.analysis import log_values
from tasks.analysis.rating import rated, shown, without_data
from tasks.analysis.sources import Sources
from tasks.analysis.spans import Span, iso
from tasks.analysis.values import Value
from tasks.domain.analysis import Metric, Rating, Window
from tasks.domain.errors import FlowmartError
from tasks.monitoring.answers import Answer, QueryRefused
from tasks.monitoring.client import Prometheus
from tasks.monitoring.queries import filled, quoted, selectors

_FIRING = 'alertstate="firing"'
_WATCHDOG = f'ALERTS{{alertname="Watchdog",{_FIRING}}}'
"""An alert that always fires (kube-prometheus-stack has it). Without it, silence means a broken alerting chain."""


def measured(
    sources: Sources, metric: Metric, span: Span, usual: float | None = None, past: Span | None = None
) -> Window:
    """Measure one window and return it as evidence.

    Args:
        sources: the servers to query.
        metric: what is measured.
        span: the window.
        usual: the median of the past, for a metric with `compare`.
        past: the time before the apply, for a metric that counts new kinds of errors.
    """
    query = _told(metric, span)
    found = value(sources, metric, span, past)
    if found.value is not None:
        rating, why = rated(metric, found.value, usual)
        why = "; ".join(filter(None, [why, found.why]))
    elif not found.answered:
        rating, why = Rating.UNANSWERED, found.why
    else:
        rating, why = (Rating.UNKNOWN if found.partial else without_data(metric)), found.why
    link = "" if metric.logs else sources.prometheus.link(query, span.ends, span.ends - span.begins)
    return Window(metric.name, iso(span.begins), iso(span.ends), rating, found.value, why, query, link)


def value(sources: Sources, metric: Metric, span: Span, past: Span | None = None) -> Value:
    """Return the value of a window, or why it is unknown. Errors are returned as such a result, not raised."""
    if metric.logs is not None:
        return log_values.value(sources.elasticsearch, metric.logs, span, past)
    server = sources.prometheus
    try:
        if metric.alerts is not None:
            return _alerts(server, metric, span)
        return _ratio(server, metric, span) if metric.total else _single(server, metric.query, span)
    except QueryRefused as error:
        return Value(None, str(error), answered=False, refused=True)
    except FlowmartError as error:
        return Value(None, str(error), answered=False)


def _ratio(server: Prometheus, metric: Metric, span: Span) -> Value:
    """Return bad / total. A counter never incremented has no series: no `bad` means 0, no `total` means unknown."""
    total = _single(server, metric.total, span)
    if total.value is None:
        return total
    if total.value < metric.min_events or total.value == 0:
        return Value(None, f"only {shown(total.value)} events, at least {metric.min_events:g} are needed")
    bad = server.instant(filled(metric.bad, span.length), span.ends)
    if bad.partial:
        return _partial(bad)
    if not bad.series:
        return Value(0.0)
    one = _one(bad)
    if one.value is None:
        return one
    return Value(one.value / total.value, f"{shown(one.value)} of {shown(total.value)} events")


def _single(server: Prometheus, query: str, span: Span) -> Value:
    asked = filled(query, span.length)
    answer = server.instant(asked, span.ends)
    if answer.partial:
        return _partial(answer)
    if not answer.series:
        return Value(None, f"no data{_samples(server, asked, span)}")
    return _one(answer)


def _one(answer: Answer) -> Value:
    if len(answer.series) > 1:
        raise QueryRefused(f"{len(answer.series)} series where one is wanted; aggregate them, such as with sum(...)")
    (series,) = answer.series
    if not series.known:
        return Value(None, f"{series.value}, which is not a number")
    return Value(series.value, "; ".join(answer.warnings))


def _alerts(server: Prometheus, metric: Metric, span: Span) -> Value:
    answer = server.instant(_asked(metric, span.length), span.ends)
    if answer.partial:
        return _partial(answer)
    if answer.series:
        names = ", ".join(sorted(each.labels.get("alertname", each.name) for each in answer.series))
        return Value(float(len(answer.series)), f"firing: {names}")
    if not server.instant(_WATCHDOG, span.ends).series:
        return Value(None, "the alert Watchdog is not firing, so it is not known whether alerts are evaluated")
    return Value(0.0)


def _partial(answer: Answer) -> Value:
    warnings = "; ".join(answer.warnings) or "the server says so"
    return Value(None, f"only a part of the data could be read: {warnings}", partial=True)


def _samples(server: Prometheus, query: str, span: Span) -> str:
    """Return the number of samples of each selector, so that a message names the one without data."""
    asked = {each: f"sum(count_over_time({each}[{span.length}]))" for each in selectors(query)}
    counts = {selector: _count(server, count, span.ends) for selector, count in asked.items()}
    listed = ", ".join(f"{selector} {count:g} samples" for selector, count in counts.items())
    return f" ({listed})" if listed else ""


def _count(server: Prometheus, query: str, at: float) -> float:
    found = server.instant(query, at).series
    return found[0].value if found else 0.0


def _told(metric: Metric, span: Span) -> str:
    return log_values.search_of(metric.logs, span) if metric.logs else _asked(metric, span.length)


def _asked(metric: Metric, length: str) -> str:
    """Return the query that represents a metric in the evidence."""
    if metric.alerts is not None:
        labels = ",".join([_FIRING, *(f"{name}={quoted(text)}" for name, text in sorted(metric.alerts.items()))])
        return f"count by (alertname) (count_over_time(ALERTS{{{labels}}}[{length}]))"
    query = f"({metric.bad}) / ({metric.total})" if metric.total else metric.query
    return filled(query, length)
