"""`analysis` in platform.yaml: what it becomes in an environment, and mistakes in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks import manifest
from tasks.domain.analysis import Analysis, Compare, LogQuery, Metric
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Platform

PLATFORM = """
platform: shop
{monitoring}
environments:
  dev: {{values: {{limit: 5}}}}
  production:
    after: dev
    values: {{limit: 7}}
    {own}
units:
  cart:
    engine: kustomize
    source: cart
    environments: [dev, production]
    {analysis}
"""
URL = "monitoring: {prometheus: {url: 'http://prometheus'}}"
QUERY = "analysis: {metrics: [{name: depth, query: max(depth), at_most: 5}]}"


def load(folder: Path, analysis: str = "", own: str = "", monitoring: str = URL) -> Platform:
    (folder / "cart").mkdir()
    (folder / "cart" / "kustomization.yaml").touch()
    (folder / "platform.yaml").write_text(PLATFORM.format(monitoring=monitoring, own=own, analysis=analysis))
    return manifest.load(folder)


def test_an_analysis_is_filled_in_for_its_environment(tmp_path: Path) -> None:
    written = """analysis:
      for: 1h
      window: 10m
      delay: 0s
      lag: 30s
      metrics:
        - name: errors
          bad: sum(increase(requests_total{env="{environment}",code=~"5.."}[{window}]))
          total: sum(increase(requests_total{env="{environment}"}[{window}]))
          at_most: 1%
          fail_above: 5%
          min_events: 100
          compare: {with: week, times: 2}
        - {name: alerts, alerts: {severity: critical, env: "{environment}"}, tolerate: 0, environments: [production]}
"""
    found = manifest.resolve(load(tmp_path, written), "production", "cart").analysis
    assert found == Analysis(
        metrics=(
            Metric(
                "errors",
                bad='sum(increase(requests_total{env="production",code=~"5.."}[{window}]))',
                total='sum(increase(requests_total{env="production"}[{window}]))',
                at_most=0.01,
                fail_above=0.05,
                min_events=100,
                compare=Compare("week", 2),
            ),
            Metric(
                "alerts",
                alerts={"severity": "critical", "env": "production"},
                at_most=0.0,
                fail_above=0.0,
                tolerate=0,
                environments=("production",),
            ),
        ),
        length=3600.0,
        window=600.0,
        lag=30.0,
    )


def test_an_environment_has_an_analysis_of_its_own(tmp_path: Path) -> None:
    platform = load(
        tmp_path, own="analysis: {metrics: [{name: depth, query: 'max(d) / {values.limit}', at_least: 1}]}"
    )
    assert platform.environment("dev").analysis is None
    found = platform.environment("production").analysis
    assert found is not None
    assert found.metrics == (Metric("depth", query="max(d) / 7", at_least=1.0, fail_below=1.0),)


def of_metric(text: str) -> str:
    return f"analysis: {{metrics: [{{name: m, {text}}}]}}"


BAD = "'sum(increase(a[{window}]))'"


@pytest.mark.parametrize(
    ("analysis", "told"),
    [
        (of_metric("at_most: 1"), "needs exactly one of bad with total, query, alerts, logs; found none"),
        (of_metric("query: a, alerts: {}, at_most: 1"), "found query and alerts"),
        (of_metric(f"bad: {BAD}, at_most: 1"), "needs bad and total together"),
        (of_metric("query: a"), "has no limit: add at_most or at_least"),
        (of_metric("query: a, at_most: 5, fail_above: 4"), "fail_above must be beyond at_most"),
        (of_metric("query: a, at_least: 5, fail_below: 6"), "fail_below must be beyond at_least"),
        (of_metric("query: a, at_least: 5, fail_above: 6"), "fail_above must be beyond at_most"),
        (of_metric("query: 'rate(a)', at_most: 1"), "is not valid PromQL"),
        (of_metric("query: 'a[{window}]', at_most: 1"), "gives a range of samples"),
        (of_metric("query: '{nothing}', at_most: 1"), "{nothing} is not a placeholder here"),
        (of_metric(f"bad: {BAD}, total: 'increase(a[5m])', at_most: 1"), "write [{window}]"),
        (of_metric("query: a, at_most: 1, environments: [staging]"), "is not an environment of this analysis"),
        (of_metric("query: a, at_most: 1, tolerate: -1"), "tolerate"),
        (of_metric("query: a, at_most: 1, compare: {with: month, times: 2}"), "'month' is not allowed here"),
        ("analysis: {metrics: []}", "must not be empty"),
        ("analysis: {for: 7m, metrics: [{name: m, query: a, at_most: 1}]}", "not a multiple of a window"),
        (
            "analysis: {metrics: [{name: m, query: a, at_most: 1}, {name: m, query: b, at_most: 1}]}",
            "has several metrics called m",
        ),
    ],
)
def test_mistakes_are_told(tmp_path: Path, analysis: str, told: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        load(tmp_path, analysis)
    assert told in str(raised.value)


@pytest.mark.parametrize(("analysis", "own"), [(QUERY, ""), ("", QUERY)])
def test_an_analysis_needs_a_prometheus(tmp_path: Path, analysis: str, own: str) -> None:
    with pytest.raises(InvalidInput, match="needs a Prometheus to ask: add `monitoring` to the platform"):
        load(tmp_path, analysis, own, monitoring="")


SEARCH = "logging: {elasticsearch: {url: 'http://search'}}"


def of_logs(more: str, metric: str = "at_most: 10") -> str:
    return f"analysis: {{metrics: [{{name: errors, {metric}, logs: {{{more}}}}}]}}"


def test_a_log_is_asked_for_documents_and_for_new_kinds(tmp_path: Path) -> None:
    written = of_logs("stream: 'logs-{environment}-*', service: cart", "at_most: 10, min_documents: 20, tolerate: 2")
    found = manifest.resolve(load(tmp_path, written, monitoring=SEARCH), "dev", "cart").analysis
    query = LogQuery("logs-dev-*", "cart", min_documents=20)
    assert found
    assert found.metrics == (
        Metric("errors", logs=query, at_most=10.0, fail_above=10.0, tolerate=2),
        Metric("errors-new-kinds", logs=replace(query, new_kinds=True), at_most=0.0, tolerate=0),
    )


def test_new_kinds_may_fail_or_be_ignored(tmp_path: Path) -> None:
    platform = load(
        tmp_path, of_logs("service: cart, new_kinds: fail"), f"analysis: {{metrics: [{IGNORED}]}}", SEARCH
    )
    found = manifest.resolve(platform, "production", "cart").analysis
    assert found
    assert [metric.fail_above for metric in found.metrics] == [10.0, 0.0]
    own = platform.environment("production").analysis
    assert own
    assert [metric.name for metric in own.metrics] == ["all"]


IGNORED = "{name: all, at_most: 1, logs: {filter: {term: {x: '{environment}'}}, new_kinds: ignore}}"


@pytest.mark.parametrize(
    ("written", "monitoring", "told"),
    [
        (of_logs("service: cart"), URL, "needs an Elasticsearch to ask"),
        (of_logs("stream: logs-x"), SEARCH, "needs exactly one of service and filter"),
        (of_logs("service: cart, filter: {}"), SEARCH, "needs exactly one of service and filter"),
        (of_logs("service: '{nobody}'"), SEARCH, r"\{nobody\} is not a placeholder"),
        (of_logs("service: cart, level: info"), SEARCH, "level"),
        (of_logs("service: cart", "tolerate: 1"), SEARCH, "has no limit"),
        (QUERY.replace("at_most", "min_documents: 2, at_most"), URL, "min_documents and no logs"),
        (QUERY, SEARCH, "needs a Prometheus to ask"),
    ],
)
def test_mistakes_in_metrics_of_logs_are_told(tmp_path: Path, written: str, monitoring: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        load(tmp_path, written, monitoring=monitoring)
