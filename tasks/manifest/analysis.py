"""Validates and builds the `analysis` of units and environments.

Queries contain PromQL braces. Only `{name}` on its own, such as `{environment}`, is a placeholder. `{window}` is
filled in when a window is queried.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tasks.domain.analysis import Analysis, Compare, LogQuery, Metric
from tasks.domain.platform import Environment
from tasks.manifest import placeholders
from tasks.manifest.declared.analysis import DeclaredAnalysis, DeclaredMetric
from tasks.manifest.mistakes import Key, Mistake, not_among
from tasks.monitoring import queries

_WINDOW = {"window": queries.WINDOW}
_QUERIES = ("bad", "total", "query")


def built(declared: DeclaredAnalysis | None) -> Analysis | None:
    """Build the analysis as declared, with its placeholders; None if none is declared."""
    if declared is None:
        return None
    return Analysis(
        metrics=tuple(metric for each in declared.metrics for metric in _metrics(each)),
        length=declared.length,
        window=declared.window,
        delay=declared.delay,
        lag=declared.lag,
        timeout=declared.timeout,
        patience=declared.patience,
        decide_within=declared.decide_within,
        blocks=declared.blocks,
    )


def filled(analysis: Analysis | None, names: Mapping[str, Any]) -> Analysis | None:
    """Return the analysis with its placeholders filled in for one environment; None if there is none."""
    if analysis is None:
        return None
    return replace(analysis, metrics=tuple(_filled(each, names) for each in analysis.metrics))


def mistakes(declared: DeclaredAnalysis, names: Mapping[str, Any], around: Environment) -> Iterator[Mistake]:
    """Report the mistakes in one environment.

    Args:
        declared: the analysis.
        names: the placeholders and their values.
        around: the environment.
    """
    if around.prometheus is None and any(each.logs is None for each in declared.metrics):
        yield Mistake((), "needs a Prometheus to ask: add `monitoring` to the platform")
    if around.elasticsearch is None and any(each.logs is not None for each in declared.metrics):
        yield Mistake((), "needs an Elasticsearch to ask: add `logging.elasticsearch` to the platform")
    for place, metric in enumerate(declared.metrics):
        yield from (mistake.below(("metrics", place)) for mistake in _in_metric(metric, names))


def places(declared: DeclaredAnalysis, known: tuple[str, ...]) -> Iterator[Mistake]:
    """Report metrics for environments that the analysis does not run in."""
    for place, metric in enumerate(declared.metrics):
        for which, name in enumerate(metric.environments):
            if name not in known:
                key: Key = ("metrics", place, "environments", which)
                yield Mistake(key, not_among(name, "an environment of this analysis", known))


def _in_metric(metric: DeclaredMetric, names: Mapping[str, Any]) -> Iterator[Mistake]:
    texts = {key: text for key in _QUERIES if (text := getattr(metric, key)) is not None}
    unknown = list(placeholders.mistakes({**texts, "alerts": metric.alerts or {}}, {**names, **_WINDOW}))
    yield from unknown
    if metric.logs is not None:
        written = metric.logs.model_dump(exclude_none=True)
        yield from (mistake.below(("logs",)) for mistake in placeholders.mistakes(written, names))
    for key, text in texts.items():
        if any(mistake.key[0] == key for mistake in unknown):
            continue
        fault = queries.fault(str(placeholders.fill(text, names)))
        if fault:
            yield Mistake((key,), fault)
        elif key != "query" and queries.WINDOW not in text:
            yield Mistake((key,), "counts events of a fixed time: write [{window}] for the length of a window")


def _metrics(declared: DeclaredMetric) -> Iterator[Metric]:
    """Yield a metric and, if a log is searched for new kinds of errors, a second metric that counts them.

    One new kind in one window is enough, whatever the first metric tolerates.
    """
    one = _metric(declared)
    yield one
    if one.logs is None or declared.logs is None or declared.logs.new_kinds == "ignore":
        return
    yield Metric(
        name=f"{one.name}-new-kinds",
        logs=replace(one.logs, new_kinds=True),
        at_most=0.0,
        fail_above=0.0 if declared.logs.new_kinds == "fail" else None,
        tolerate=0,
        no_data=one.no_data,
        environments=one.environments,
    )


def _metric(declared: DeclaredMetric) -> Metric:
    high = 0.0 if declared.alerts is not None and declared.at_most is None else declared.at_most
    return Metric(
        name=declared.name,
        bad=declared.bad or "",
        total=declared.total or "",
        query=declared.query or "",
        alerts=declared.alerts,
        logs=_logs(declared),
        at_most=high,
        at_least=declared.at_least,
        fail_above=high if declared.fail_above is None else declared.fail_above,
        fail_below=declared.at_least if declared.fail_below is None else declared.fail_below,
        min_events=declared.min_events,
        compare=Compare(declared.compare.of, declared.compare.times) if declared.compare else None,
        tolerate=declared.tolerate,
        no_data=declared.no_data,
        environments=declared.environments,
    )


def _logs(declared: DeclaredMetric) -> LogQuery | None:
    logs = declared.logs
    if logs is None:
        return None
    about = logs.model_dump(exclude={"new_kinds", "service"})
    return LogQuery(**about, service=logs.service or "", min_documents=declared.min_documents)


def _filled(metric: Metric, names: Mapping[str, Any]) -> Metric:
    bad, total, query = (str(placeholders.fill(getattr(metric, key), names)) for key in _QUERIES)
    alerts = placeholders.fill(metric.alerts, names) if metric.alerts is not None else None
    return replace(metric, bad=bad, total=total, query=query, alerts=alerts, logs=_logs_filled(metric.logs, names))


def _logs_filled(logs: LogQuery | None, names: Mapping[str, Any]) -> LogQuery | None:
    if logs is None:
        return None
    stream, service = (str(placeholders.fill(text, names)) for text in (logs.stream, logs.service))
    return replace(logs, stream=stream, service=service, filter=placeholders.fill(logs.filter, names))
